-- How many people each place has, as the instants at which the number changes.
WITH changes AS (
    SELECT s.run, s.place, s.present_from AS at, 1 AS arrivals, 0 AS departures
    FROM stays AS s
    WHERE s.present_from IS NOT NULL AND s.place IS NOT NULL
    UNION ALL
    SELECT s.run, s.place, s.present_to AS at, 0 AS arrivals, 1 AS departures
    FROM stays AS s
    WHERE s.present_from IS NOT NULL AND s.present_to IS NOT NULL AND s.place IS NOT NULL
),
summed AS (
    SELECT c.run, c.place, c.at, sum(c.arrivals) AS arrivals, sum(c.departures) AS departures
    FROM changes AS c
    GROUP BY c.run, c.place, c.at
)
SELECT s.run, s.place, s.at, CAST(s.arrivals AS BIGINT) AS arrivals,
       CAST(s.departures AS BIGINT) AS departures,
       CAST(sum(s.arrivals - s.departures) OVER (
           PARTITION BY s.run, s.place ORDER BY s.at ROWS UNBOUNDED PRECEDING
       ) AS BIGINT) AS inside
FROM summed AS s
