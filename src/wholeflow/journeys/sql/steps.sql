-- Every event with its stay and its journey: that of its stay, else that of its need, else the one
-- of the person whose time holds it. Journeys without a need follow each other, numbered in time, so of
-- them only the last to begin can hold an event; those with a need may overlap, and the last to begin counts.
WITH spans AS (
    SELECT s.run, s.person, s.journey, min(s.need) AS need,
           min(coalesce(s.begin_at, s.referred_at, s.accepted_at, s.ready_at, s.end_at)) AS from_at, max(s.seen_to) AS to_at
    FROM stays AS s
    GROUP BY s.run, s.person, s.journey
),
needs AS (
    SELECT p.run, p.person, p.need, min(p.journey) AS journey
    FROM spans AS p
    WHERE p.need IS NOT NULL
    GROUP BY p.run, p.person, p.need
),
placed AS (
    SELECT v.run, v.person, v.rank, v.at, v.kind, v.activity, v.place, v.team, v.source, v.need, s.stay, s.journey
    FROM placed_events AS v
    LEFT JOIN stays AS s
        ON s.run = v.run AND s.person = v.person AND s.visit_end = v.visit_end
       AND s.visit_arrival = v.visit_arrival
       AND coalesce(s.visit_ref, -1) = coalesce(v.visit_ref, -1)
       AND coalesce(s.place, -1) = coalesce(v.place, -1)
),
marks AS (
    SELECT p.run, p.person, p.from_at AS at, 0 AS rank, p.journey FROM spans AS p WHERE p.need IS NULL
    UNION ALL
    SELECT v.run, v.person, v.at, v.rank, NULL FROM placed AS v WHERE v.stay IS NULL AND v.need IS NULL
),
loose AS (
    SELECT m.run, m.person, m.rank, m.at, max(m.journey) OVER (
               PARTITION BY m.run, m.person ORDER BY m.at, m.rank ROWS UNBOUNDED PRECEDING
           ) AS last_journey
    FROM marks AS m
),
needed AS (
    SELECT l.run, l.person, l.rank, max(p.journey) AS journey
    FROM loose AS l
    JOIN spans AS p
        ON p.run = l.run AND p.person = l.person AND p.need IS NOT NULL AND l.at BETWEEN p.from_at AND p.to_at
    GROUP BY l.run, l.person, l.rank
)
SELECT v.run, v.person, coalesce(v.journey, n.journey, o.journey, p.journey) AS journey, v.stay, v.rank, v.at,
       v.kind, v.activity, v.place, v.team, v.source
FROM placed AS v
LEFT JOIN needs AS n ON n.run = v.run AND n.person = v.person AND n.need = v.need
LEFT JOIN loose AS l ON l.run = v.run AND l.person = v.person AND l.rank = v.rank
LEFT JOIN needed AS o ON o.run = v.run AND o.person = v.person AND o.rank = v.rank
LEFT JOIN spans AS p ON p.journey = l.last_journey AND v.at <= p.to_at
