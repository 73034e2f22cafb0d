-- The ways that journeys went in words: one journey of each tells its activities in order.
SELECT c.run, $ordered_text(d.name, a.turn) AS variant, min(c.steps) AS steps, min(c.journeys) AS journeys,
       min(c.people) AS people, min(c.p50_hours) AS p50_hours
FROM way_counts AS c
JOIN activities AS a ON a.journey = c.example
JOIN dictionary AS d ON d.code = a.activity
GROUP BY c.run, c.example
