-- How many people each place has, as the instants at which the number changes.
WITH changes AS (
    SELECT p.run, p.place, p.from_at AS at, 1 AS arrivals, 0 AS departures
    FROM presences AS p
    WHERE p.place IS NOT NULL
    UNION ALL
    SELECT p.run, p.place, p.to_at AS at, 0 AS arrivals, 1 AS departures
    FROM presences AS p
    WHERE p.to_at IS NOT NULL AND p.place IS NOT NULL
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
