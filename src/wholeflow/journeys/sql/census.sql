-- How many people each place has, as the instants at which the number changes. One sum runs over all places, one
-- after the other, and what the places before had is taken off: it costs half of one sum for each place.
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
),
totals AS (
    SELECT c.run, c.place, sum(c.arrivals - c.departures) AS inside
    FROM changes AS c
    GROUP BY c.run, c.place
),
before AS (
    SELECT t.run, t.place, coalesce(sum(t.inside) OVER (
               ORDER BY t.run, t.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) AS inside
    FROM totals AS t
),
running AS (
    SELECT s.run, s.place, s.at, s.arrivals, s.departures, sum(s.arrivals - s.departures) OVER (
               ORDER BY s.run, s.place, s.at ROWS UNBOUNDED PRECEDING
           ) AS so_far
    FROM summed AS s
)
SELECT r.run, r.place, r.at, CAST(r.arrivals AS BIGINT) AS arrivals, CAST(r.departures AS BIGINT) AS departures,
       CAST(r.so_far - b.inside AS BIGINT) AS inside
FROM running AS r
JOIN before AS b ON b.run = r.run AND b.place = r.place
