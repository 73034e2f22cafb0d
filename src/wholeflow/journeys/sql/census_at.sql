-- How many people each place has at some instants, those of the table clock_times (§17): from the last change up to
-- each. Who comes at that instant is there, who leaves at it is not. Absent before the first person of a place.
WITH places AS (
    SELECT DISTINCT c.run, c.place FROM census AS c
),
marks AS (
    SELECT c.run, c.place, c.at, c.inside, 0 AS asks FROM census AS c
    UNION ALL
    SELECT p.run, p.place, t.at, NULL, 1 FROM places AS p CROSS JOIN clock_times AS t
),
turned AS (
    SELECT m.*, sum(1 - m.asks) OVER (
               PARTITION BY m.run, m.place ORDER BY m.at, m.asks ROWS UNBOUNDED PRECEDING
           ) AS turn
    FROM marks AS m
)
SELECT t.run, t.place, t.at, c.inside
FROM turned AS t
LEFT JOIN turned AS c ON c.run = t.run AND c.place = t.place AND c.turn = t.turn AND c.asks = 0
WHERE t.asks = 1
