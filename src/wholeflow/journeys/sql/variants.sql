-- The ways that journeys went: their activities in order, and how many went each way.
WITH traces AS (
    SELECT t.run, t.journey, $ordered_text(d.name, t.rank) AS variant, count(*) AS steps
    FROM steps AS t
    JOIN dictionary AS d ON d.code = t.activity
    WHERE t.journey IS NOT NULL
    GROUP BY t.run, t.journey
)
SELECT r.run, r.variant, min(r.steps) AS steps, count(*) AS journeys
FROM traces AS r
GROUP BY r.run, r.variant
