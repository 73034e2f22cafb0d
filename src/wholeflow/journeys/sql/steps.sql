-- Every event with its stay and its journey: that of its stay, else that of its need, else the one
-- of the person whose time holds it.
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
loose AS (
    SELECT v.run, v.person, v.rank, max(p.journey) AS journey
    FROM placed_events AS v
    JOIN spans AS p ON p.run = v.run AND p.person = v.person AND v.at BETWEEN p.from_at AND p.to_at
    WHERE v.need IS NULL
    GROUP BY v.run, v.person, v.rank
)
SELECT v.run, v.person, coalesce(s.journey, n.journey, l.journey) AS journey, s.stay, v.rank, v.at,
       v.kind, v.activity, v.place, v.team, v.source
FROM placed_events AS v
LEFT JOIN stays AS s
    ON s.run = v.run AND s.person = v.person AND s.visit_end = v.visit_end
   AND s.visit_arrival = v.visit_arrival
   AND coalesce(s.visit_ref, -1) = coalesce(v.visit_ref, -1)
   AND coalesce(s.place, -1) = coalesce(v.place, -1)
LEFT JOIN needs AS n ON n.run = v.run AND n.person = v.person AND n.need = v.need
LEFT JOIN loose AS l ON l.run = v.run AND l.person = v.person AND l.rank = v.rank
