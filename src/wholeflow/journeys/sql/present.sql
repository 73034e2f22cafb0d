-- The rows of a ledger as known at $as_of (§6), each number of a person replaced by the person (§25).
-- Of events, those that had happened by then. Where no record is hidden, or no number linked, nothing is joined for it.
SELECT $columns
FROM ledger.$table AS t
$join_hidden
$join_people
WHERE $is_shown AND $is_among AND coalesce(t.recorded_at, $always) <= $as_of AND $has_happened
