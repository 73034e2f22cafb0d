-- One row for each time that somebody was away from a place where their stay went on (§40). Known to the day only,
-- an absence begins no earlier than the stay (§18). A back later than anything that can have happened (§9) tells nothing.
SELECT s.run, s.person, s.journey, s.stay, s.place, s.organisation, greatest(a.from_at, s.begin_at) AS from_at,
       CASE WHEN a.back_at <= s.seen_to THEN a.back_at ELSE s.end_at END AS to_at,
       (least(a.back_at, s.seen_to) - greatest(a.from_at, s.begin_at)) / $hour AS hours
FROM away_times AS a
JOIN stays AS s
    ON s.run = a.run AND s.person = a.person AND s.visit_end = a.visit_end AND s.visit_arrival = a.visit_arrival
   AND coalesce(s.visit_ref, -1) = coalesce(a.visit_ref, -1) AND coalesce(s.place, -1) = coalesce(a.place, -1)
WHERE s.in_order AND s.begin_at <= a.from_at + a.slack AND s.begin_at < coalesce(a.back_at, $for_ever)
  AND (a.from_at < s.end_at OR s.end_at IS NULL AND a.from_at <= s.seen_to)
