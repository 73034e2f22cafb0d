-- Every step from one activity of a journey to the next, with those that begin and end journeys. The time between
-- them is from the end of the one to the start of the other (§31).
SELECT a.run, a.person, a.journey, a.activity AS from_what, a.next_activity AS to_what,
       CASE WHEN a.next_at IS NOT NULL THEN 'between'
            WHEN a.journey IN ($open) THEN 'open' ELSE 'ended' END AS "end",
       a.place AS from_place, a.next_place AS to_place, a.next_at - a.end_at AS apart
FROM activities AS a
UNION ALL
SELECT a.run, a.person, a.journey, NULL AS from_what, a.activity AS to_what, 'entered' AS "end",
       NULL AS from_place, a.place AS to_place, NULL AS apart
FROM activities AS a
WHERE a.turn = 1
