-- The versions of records that do not count at $as_of: withdrawn ones, those with a later version, and
-- those of a period that a newer extract of their feed replaced without them (§6).
WITH known AS (
    SELECT r.source, r.id, r.run, coalesce(r.recorded_at, $always) AS recorded_at, r.withdrawn, r.period
    FROM records AS r
    WHERE coalesce(r.recorded_at, $always) <= $as_of
),
revisable AS (
    SELECT k.source
    FROM known AS k
    GROUP BY k.source
    HAVING min(k.recorded_at) < max(k.recorded_at)
),
revised AS (
    SELECT k.source, k.id, k.run, max(k.recorded_at) AS latest
    FROM known AS k
    WHERE k.source IN (SELECT v.source FROM revisable AS v)
    GROUP BY k.source, k.id, k.run
    HAVING count(*) > 1
),
extracts AS (
    SELECT k.source, k.run, k.period, max(k.recorded_at) AS latest
    FROM known AS k
    WHERE k.period IS NOT NULL
    GROUP BY k.source, k.run, k.period
)
SELECT k.source, k.id, k.run, k.recorded_at
FROM known AS k
LEFT JOIN revised AS r ON r.source = k.source AND r.id = k.id AND r.run = k.run
LEFT JOIN extracts AS x ON x.source = k.source AND x.run = k.run AND x.period = k.period
WHERE k.withdrawn OR k.recorded_at < r.latest OR k.recorded_at < x.latest
