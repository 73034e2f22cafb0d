-- How many journeys went each way, of how many people, and how long half of them took at most.
SELECT w.run, w.way, min(w.journey) AS example, min(w.steps) AS steps, count(*) AS journeys, $people AS people,
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY w.hours) AS p50_hours
FROM ways AS w
WHERE $is_among
GROUP BY w.run, w.way
