-- How many people are inside on average and at most, and person-hours, for each group and span of
-- time: the area under the census between change points, cut at the borders of spans (§17). A group is
-- observed from the first person that it is known to have had: before that, nobody knows.
WITH grouped AS (
    SELECT $select, c.at AS at, sum(c.arrivals - c.departures) AS net
    FROM census AS c
    LEFT JOIN place_facts AS p ON p.place = c.place
    LEFT JOIN dictionary AS d ON d.code = c.place
    LEFT JOIN dictionary AS o ON o.code = p.organisation
    WHERE c.run = 0 AND c.at < $last
    GROUP BY $sources, c.at
),
groups AS (SELECT $groups, min(g.at) AS first_at FROM grouped AS g GROUP BY $groups),
points AS (
    SELECT $groups, g.at AS at, g.net FROM grouped AS g
    UNION ALL
    SELECT $groups, greatest(s.from_at, $first, g.first_at) AS at, 0 AS net
    FROM groups AS g, spans AS s
    WHERE s.to_at > g.first_at
),
summed AS (
    SELECT $groups, g.at AS at, sum(g.net) AS net
    FROM points AS g GROUP BY $groups, g.at
),
levels AS (
    SELECT $groups, g.at AS at,
           sum(g.net) OVER (
               PARTITION BY $groups ORDER BY g.at ROWS UNBOUNDED PRECEDING
           ) AS inside,
           lead(g.at, 1, $last) OVER (
               PARTITION BY $groups ORDER BY g.at
           ) AS until_at,
           min(g.at) OVER (PARTITION BY $groups) AS first_at
    FROM summed AS g
)
SELECT $groups, $label_of_span
       CAST(sum(g.inside * (g.until_at - g.at)) AS DOUBLE)
           / greatest(1, max(least(p.to_at, $last) - greatest(p.from_at, $first, g.first_at)))
           AS mean,
       CAST(max(g.inside) AS BIGINT) AS peak,
       CAST(sum(g.inside * (g.until_at - g.at)) AS DOUBLE) / $hour AS person_hours
FROM levels AS g
JOIN spans AS p ON g.at >= p.from_at AND g.at < p.to_at
GROUP BY $groups$by_label
ORDER BY $groups$by_label
