-- One row for each time that somebody was in a place without a break (§17): a stay has one, and one more for each
-- time that the person came back from being away (§40). Overlapping ones give way to the earlier (§12).
WITH turns AS (
    SELECT a.*, lead(a.from_at) OVER (PARTITION BY a.stay ORDER BY a.from_at) AS next_from_at,
           row_number() OVER (PARTITION BY a.stay ORDER BY a.from_at) AS nth
    FROM absences AS a
),
pieces AS (
    SELECT s.run, s.person, s.stay, s.place, s.begin_at AS from_at, coalesce(t.from_at, s.end_at) AS to_at
    FROM stays AS s
    LEFT JOIN turns AS t ON t.stay = s.stay AND t.nth = 1
    WHERE s.holds = 'body' AND s.present_from IS NOT NULL AND s.person IN (SELECT a.person FROM absences AS a)
    UNION ALL
    SELECT s.run, s.person, s.stay, s.place, t.to_at, coalesce(t.next_from_at, s.end_at)
    FROM turns AS t
    JOIN stays AS s ON s.stay = t.stay
    WHERE s.holds = 'body' AND s.present_from IS NOT NULL AND t.to_at < coalesce(s.end_at, s.seen_to)
),
followed AS (
    SELECT p.*, max(p.to_at) OVER (
               PARTITION BY p.run, p.person ORDER BY p.from_at, p.stay
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS body_until
    FROM pieces AS p
)
SELECT s.run, s.person, s.stay, s.place, s.present_from AS from_at, s.present_to AS to_at
FROM stays AS s
WHERE s.present_from IS NOT NULL AND (s.holds <> 'body' OR s.person NOT IN (SELECT a.person FROM absences AS a))
UNION ALL
SELECT f.run, f.person, f.stay, f.place, greatest(f.from_at, coalesce(f.body_until, f.from_at)),
       CASE WHEN f.to_at IS NOT NULL THEN greatest(f.to_at, f.from_at, coalesce(f.body_until, f.from_at)) END
FROM followed AS f
