-- Each time that somebody was away from a place that was kept for them (§40), by the visit that it is part of:
-- from an away to the next back. Of several in a row the first counts, and a back without an away tells nothing.
WITH marks AS (
    SELECT v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival, v.rank, v.at, v.kind,
           lag(v.kind) OVER (
               PARTITION BY v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival ORDER BY v.rank
           ) AS kind_before
    FROM placed_events AS v
    WHERE v.kind IN ('away', 'back') AND (v.visit_ref IS NOT NULL OR v.place IS NOT NULL)
),
turns AS (
    SELECT m.*, lead(m.at) OVER in_turn AS back_at, lead(m.at, 2) OVER in_turn AS next_from_at
    FROM marks AS m
    WHERE m.kind <> coalesce(m.kind_before, 'back')
    WINDOW in_turn AS (
        PARTITION BY m.run, m.person, m.visit_ref, m.place, m.visit_end, m.visit_arrival ORDER BY m.rank
    )
)
SELECT t.run, t.person, t.visit_ref, t.place, t.visit_end, t.visit_arrival, row_number() OVER (
           PARTITION BY t.run, t.person, t.visit_ref, t.place, t.visit_end, t.visit_arrival ORDER BY t.rank
       ) AS nth, t.at AS from_at, t.back_at, t.next_from_at
FROM turns AS t
WHERE t.kind = 'away'
