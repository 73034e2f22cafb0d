-- One row for each time that somebody was away from a place where their stay went on (§40).
SELECT s.run, s.person, s.journey, s.stay, s.place, s.organisation, a.from_at, least(a.back_at, s.end_at) AS to_at,
       (coalesce(least(a.back_at, s.end_at), s.seen_to) - a.from_at) / $hour AS hours
FROM away_times AS a
JOIN stays AS s
    ON s.run = a.run AND s.person = a.person AND s.visit_end = a.visit_end AND s.visit_arrival = a.visit_arrival
   AND coalesce(s.visit_ref, -1) = coalesce(a.visit_ref, -1) AND coalesce(s.place, -1) = coalesce(a.place, -1)
WHERE s.in_order AND s.begin_at <= a.from_at AND a.from_at < coalesce(s.end_at, s.seen_to)
