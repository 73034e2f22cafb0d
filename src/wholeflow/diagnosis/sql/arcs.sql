-- Each arc of a map: how many times, of how many, and the hours between. A next one that starts before the one has
-- ended is an overlap: it is counted apart and enters no wait (§31).
WITH passed AS (
    SELECT p.*, CASE WHEN p.apart >= 0 THEN p.apart END AS wait, CASE WHEN p.apart < 0 THEN -p.apart END AS overlap
    FROM ($arcs) AS p
    WHERE p.run = 0 AND $kept
),
counted AS (
    SELECT p.from_what, p.to_what, p."end", count(*) AS times, $counts
           count(p.wait) AS waits, avg(p.wait) / $hour AS wait_mean_hours,
           $percentiles(p.wait, [0.5, 0.9]) AS wait_percentiles,
           count(p.overlap) AS overlaps, avg(p.overlap) / $hour AS overlap_mean_hours
    FROM passed AS p
    GROUP BY p.from_what, p.to_what, p."end"
)
SELECT f.name AS "from", t.name AS "to", c.*, c.wait_percentiles[1] / $hour AS wait_p50_hours,
       c.wait_percentiles[2] / $hour AS wait_p90_hours
FROM counted AS c
LEFT JOIN dictionary AS f ON f.code = c.from_what
LEFT JOIN dictionary AS t ON t.code = c.to_what
