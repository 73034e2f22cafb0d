-- The rows of a ledger as known at $as_of (§6), each number of a person replaced by the person (§25).
-- Of events, those that had happened by then.
SELECT $columns
FROM ledger.$table AS t
LEFT JOIN hidden AS h
    ON h.source = t.source AND h.id = t.id AND h.run = t.run
   AND h.recorded_at = coalesce(t.recorded_at, $always)
$join_people
WHERE h.id IS NULL AND coalesce(t.recorded_at, $always) <= $as_of AND $has_happened
