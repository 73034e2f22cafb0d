-- Each time that somebody was away from a place that was kept for them (§40), by the visit that it is part of:
-- from an away to the next back. Of several in a row the first counts, and a back without an away tells nothing.
-- As many of the one as of the other at one instant (leave of one day, of which only the day is known) change nothing.
WITH instants AS (
    SELECT v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival, v.at,
           sum(CASE WHEN v.kind = 'away' THEN 1 ELSE -1 END) AS turns, max(v.slack) AS slack
    FROM placed_events AS v
    WHERE v.kind IN ('away', 'back') AND (v.visit_ref IS NOT NULL OR v.place IS NOT NULL)
    GROUP BY v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival, v.at
),
marks AS (
    SELECT i.*, CASE WHEN i.turns > 0 THEN 'away' ELSE 'back' END AS kind,
           lag(CASE WHEN i.turns > 0 THEN 'away' ELSE 'back' END) OVER (
               PARTITION BY i.run, i.person, i.visit_ref, i.place, i.visit_end, i.visit_arrival ORDER BY i.at
           ) AS kind_before
    FROM instants AS i
    WHERE i.turns <> 0
),
turns AS (
    SELECT m.*, lead(m.at) OVER in_turn AS back_at, lead(m.at, 2) OVER in_turn AS next_from_at
    FROM marks AS m
    WHERE m.kind <> coalesce(m.kind_before, 'back')
    WINDOW in_turn AS (
        PARTITION BY m.run, m.person, m.visit_ref, m.place, m.visit_end, m.visit_arrival ORDER BY m.at
    )
)
SELECT t.run, t.person, t.visit_ref, t.place, t.visit_end, t.visit_arrival, t.at AS from_at, t.back_at,
       t.next_from_at, t.slack
FROM turns AS t
WHERE t.kind = 'away'
