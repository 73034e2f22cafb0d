-- The times without a break of each stay from which somebody was away (§40): up to the first absence, and from each
-- coming back to the next, or to the end of the stay.
WITH turns AS (
    SELECT a.*, lead(a.from_at) OVER (PARTITION BY a.stay ORDER BY a.from_at) AS next_from_at,
           row_number() OVER (PARTITION BY a.stay ORDER BY a.from_at) AS nth
    FROM absences AS a
)
SELECT s.run, s.person, s.stay, true AS comes, s.begin_at AS from_at, t.from_at AS to_at
FROM turns AS t
JOIN stays AS s ON s.stay = t.stay
WHERE t.nth = 1
UNION ALL
SELECT s.run, s.person, s.stay, false, t.to_at, coalesce(t.next_from_at, s.end_at)
FROM turns AS t
JOIN stays AS s ON s.stay = t.stay
WHERE t.to_at < coalesce(s.end_at, $for_ever)
