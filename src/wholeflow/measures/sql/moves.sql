-- How often a person was moved in each time inside (§20) that has ended: the last stay of it, with how
-- often the place changed from one stay of the settings that count to the next.
WITH numbered AS (
    $numbered
),
moved AS (
    SELECT t.*, lag(t.place) OVER (
               PARTITION BY t.run, t.person, t.time_inside ORDER BY t.here_at, t.stay
           ) AS place_before
    FROM numbered AS t
    WHERE $counts
),
moves AS (
    SELECT m.run, m.person, m.time_inside,
           count(CASE WHEN m.place <> m.place_before THEN 1 END) AS moves
    FROM moved AS m
    GROUP BY m.run, m.person, m.time_inside
),
last_stays AS (
    SELECT n.*, row_number() OVER (
               PARTITION BY n.run, n.person, n.time_inside ORDER BY n.seen_to DESC, n.stay DESC
           ) AS from_last,
           min(n.here_at) OVER (PARTITION BY n.run, n.person, n.time_inside) AS inside_at,
           max(CASE WHEN n.end_kind = 'open' THEN 1 ELSE 0 END) OVER (
               PARTITION BY n.run, n.person, n.time_inside
           ) AS is_open,
           max(CASE WHEN n.end_kind = 'lost' THEN 1 ELSE 0 END) OVER (
               PARTITION BY n.run, n.person, n.time_inside
           ) AS is_lost
    FROM numbered AS n
)
SELECT s.*, coalesce(m.moves, 0) AS moves,
       CASE WHEN s.is_open = 1 THEN 'still inside, so that they may yet be moved'
            WHEN s.is_lost = 1 THEN 'of which nobody recorded an end (§8)'
            WHEN s.inside_at < s.complete_at THEN $early ELSE '' END AS why
FROM last_stays AS s
LEFT JOIN moves AS m ON m.run = s.run AND m.person = s.person AND m.time_inside = s.time_inside
WHERE s.from_last = 1
