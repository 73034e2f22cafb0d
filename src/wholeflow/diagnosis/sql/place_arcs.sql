-- Every move from place to place, with those that come in from and go out to the world outside. The time between
-- is from the recorded end of the one stay to the coming to the other (§31); ``asked`` are the hours of §15.
SELECT h.run, h.person, h.journey, h.from_place AS from_what, h.to_place AS to_what, 'between' AS "end",
       h.from_place, h.to_place,
       CASE WHEN h.in_order AND f.end_kind NOT IN ('open', 'lost', 'moved on')
            THEN coalesce(t.arrived_at, t.started_at) - f.end_at END AS apart,
       h.wait_hours AS asked_hours
FROM handoffs AS h
JOIN stays AS f ON f.stay = h.from_stay
JOIN stays AS t ON t.stay = h.to_stay
UNION ALL
SELECT s.run, s.person, s.journey, NULL AS from_what, s.place AS to_what, 'entered' AS "end",
       NULL AS from_place, s.place AS to_place, NULL AS apart, NULL AS asked_hours
FROM stays AS s
LEFT JOIN handoffs AS h ON h.to_stay = s.stay
WHERE h.to_stay IS NULL AND s.begin_at IS NOT NULL
UNION ALL
SELECT s.run, s.person, s.journey, s.place AS from_what, NULL AS to_what,
       CASE WHEN s.end_kind IN ('open', 'died', 'lost') THEN s.end_kind ELSE 'left' END AS "end",
       s.place AS from_place, NULL AS to_place, NULL AS apart, NULL AS asked_hours
FROM stays AS s
LEFT JOIN handoffs AS h ON h.from_stay = s.stay
WHERE h.from_stay IS NULL AND s.begin_at IS NOT NULL
