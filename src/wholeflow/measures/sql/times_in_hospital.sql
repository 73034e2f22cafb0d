-- Stays that touch joined into times in hospital; of those that ended alive the last stay, with the next
-- arrival after it (§20).
WITH numbered AS (
    $numbered
),
last_stays AS (
    SELECT n.*, row_number() OVER (
               PARTITION BY n.run, n.person, n.time_inside ORDER BY n.seen_to DESC, n.stay DESC
           ) AS from_last,
           max(CASE WHEN n.end_kind IN ('open', 'lost', 'died') THEN 1 ELSE 0 END) OVER (
               PARTITION BY n.run, n.person, n.time_inside
           ) AS not_left
    FROM numbered AS n
),
left_alive AS (SELECT s.* FROM last_stays AS s WHERE s.from_last = 1 AND s.not_left = 0),
arrivals AS (
    SELECT t.run, t.person, coalesce(t.arrived_at, t.started_at) AS here_at
    FROM $stays AS t
    WHERE coalesce(t.arrived_at, t.started_at) IS NOT NULL AND t.in_order AND $back
),
nexts AS (
    SELECT s.stay, min(a.here_at) AS back_at
    FROM left_alive AS s
    JOIN arrivals AS a ON a.run = s.run AND a.person = s.person AND a.here_at > s.end_at
    GROUP BY s.stay
)
SELECT s.*, n.back_at FROM left_alive AS s LEFT JOIN nexts AS n ON n.stay = s.stay
