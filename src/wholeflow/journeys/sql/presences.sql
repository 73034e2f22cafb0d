-- One row for each time that somebody was in a place without a break (§17): a stay has one, and one more for each
-- time that the person came back from being away (§40). Overlapping ones give way to the earlier (§12).
WITH pieces AS (
    SELECT s.run, s.person, s.stay, s.place, coalesce(u.from_at, s.begin_at) AS from_at,
           CASE WHEN u.stay IS NULL THEN s.end_at ELSE u.to_at END AS to_at
    FROM stays AS s
    LEFT JOIN unbroken_times AS u ON u.stay = s.stay
    WHERE s.holds = 'body' AND s.present_from IS NOT NULL AND s.person IN (SELECT a.person FROM absences AS a)
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
