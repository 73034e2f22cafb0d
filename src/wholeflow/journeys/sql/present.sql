-- The rows of a ledger as known at $as_of: of each record its latest version, unless
-- withdrawn (§6). Of events, those that had happened by then.
WITH versions AS (
    SELECT r.source, r.id, r.run, coalesce(r.recorded_at, $always) AS recorded_at, r.withdrawn,
           max(coalesce(r.recorded_at, $always)) OVER (PARTITION BY r.source, r.id, r.run) AS latest
    FROM records AS r
    WHERE coalesce(r.recorded_at, $always) <= $as_of
),
hidden AS (
    SELECT v.source, v.id, v.run, v.recorded_at
    FROM versions AS v
    WHERE v.withdrawn OR v.recorded_at < v.latest
)
SELECT t.*
FROM ledger.$table AS t
LEFT JOIN hidden AS h
    ON h.source = t.source AND h.id = t.id AND h.run = t.run
   AND h.recorded_at = coalesce(t.recorded_at, $always)
WHERE h.id IS NULL AND coalesce(t.recorded_at, $always) <= $as_of AND $has_happened
