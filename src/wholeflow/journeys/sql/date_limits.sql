-- The instants between which the events of each feed on a shared clock can have happened, from its days
-- without their last few (one event in a thousand, or three): none after the last time of recording and a
-- day; in a feed that tells no time of recording, none that is also a month later than those days; where no
-- feed tells one, none a year later than the days of every feed. And none further from its middle than ten
-- years and five times what half of its events lie within.
WITH days AS (
    SELECT e.source, floor(e.at / 86400000000e0) AS day, count(*) AS events
    FROM present_events AS e
    JOIN sources AS s ON s.source = e.source AND s.clock = 'shared'
    WHERE e.run = 0
    GROUP BY e.source, floor(e.at / 86400000000e0)
),
added AS (
    SELECT d.source, d.day, d.events,
           sum(d.events) OVER (PARTITION BY d.source ORDER BY d.day ROWS UNBOUNDED PRECEDING) AS so_far,
           sum(d.events) OVER (PARTITION BY d.source) AS total
    FROM days AS d
),
middles AS (
    SELECT a.source, min(CASE WHEN a.so_far * 2 >= a.total THEN a.day END) AS middle,
           min(CASE WHEN a.so_far >= a.total - greatest(a.total / 1000e0, CASE WHEN a.total >= 60 THEN 3 ELSE 0 END)
                    THEN a.day END) AS bulk_to
    FROM added AS a
    GROUP BY a.source
),
distances AS (
    SELECT d.source, abs(d.day - m.middle) AS distance, d.events,
           sum(d.events) OVER (PARTITION BY d.source ORDER BY abs(d.day - m.middle), d.day
                               ROWS UNBOUNDED PRECEDING) AS so_far,
           sum(d.events) OVER (PARTITION BY d.source) AS total
    FROM days AS d
    JOIN middles AS m ON m.source = d.source
),
spreads AS (
    SELECT d.source, min(CASE WHEN d.so_far * 2 >= d.total THEN d.distance END) AS half_within
    FROM distances AS d
    GROUP BY d.source
),
recordings AS (
    SELECT r.source, max(r.recorded_at) AS recorded_at
    FROM records AS r
    JOIN middles AS m ON m.source = r.source
    WHERE r.recorded_at <= $as_of
    GROUP BY r.source
),
ends AS (
    SELECT max(m.bulk_to) AS bulk_to, (SELECT max(r.recorded_at) FROM recordings AS r) AS recorded_at
    FROM middles AS m
),
limits AS (
    SELECT m.source, (m.middle - 3653 - 5 * s.half_within) * 86400000000 AS first_at,
           (m.middle + 3653 + 5 * s.half_within) * 86400000000 AS last_at,
           CASE WHEN r.recorded_at IS NOT NULL THEN e.recorded_at + 86400000000
                WHEN e.recorded_at IS NOT NULL THEN greatest(e.recorded_at + 86400000000, (m.bulk_to + 32) * 86400000000)
                ELSE (e.bulk_to + 367) * 86400000000 END AS told_to
    FROM middles AS m
    JOIN spreads AS s ON s.source = m.source
    LEFT JOIN recordings AS r ON r.source = m.source
    CROSS JOIN ends AS e
)
SELECT l.source, CAST(l.first_at AS BIGINT) AS first_at, CAST(least(l.last_at, l.told_to) AS BIGINT) AS last_at
FROM limits AS l
