-- Moves between places, with those that come in from and go out to the world outside.
WITH moves AS (
    SELECT h.run, h.from_place, h.to_place, 'between' AS "end", h.person, h.wait_hours
    FROM handoffs AS h
    UNION ALL
    SELECT s.run, s.from_place, s.place AS to_place, 'entered' AS "end", s.person, NULL AS wait_hours
    FROM stays AS s
    LEFT JOIN handoffs AS h ON h.to_stay = s.stay
    WHERE h.to_stay IS NULL AND s.begin_at IS NOT NULL
    UNION ALL
    SELECT s.run, s.place AS from_place, s.to_place,
           CASE WHEN s.end_kind IN ('open', 'died', 'lost') THEN s.end_kind ELSE 'left' END AS "end",
           s.person, NULL AS wait_hours
    FROM stays AS s
    LEFT JOIN handoffs AS h ON h.from_stay = s.stay
    WHERE h.from_stay IS NULL AND s.begin_at IS NOT NULL
)
SELECT m.run, m.from_place, m.to_place, m."end", count(*) AS moves, count(DISTINCT m.person) AS people,
       count(m.wait_hours) AS waits,
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY m.wait_hours) AS wait_p50_hours,
       PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY m.wait_hours) AS wait_p90_hours,
       coalesce(sum(CAST(round(m.wait_hours * $hour) AS BIGINT)), 0) / $hour AS wait_total_hours
FROM moves AS m
WHERE $is_among
GROUP BY m.run, m.from_place, m.to_place, m."end"
