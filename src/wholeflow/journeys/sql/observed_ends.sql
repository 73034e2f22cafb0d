-- The last event of each run that can have happened (§9); visits in an impossible order tell nothing of it.
SELECT v.run, max(v.at) AS last_at
FROM placed_events AS v
LEFT JOIN visits AS d
    ON d.run = v.run AND d.person = v.person AND NOT d.ends_after_begin
   AND coalesce(d.visit_ref, -1) = coalesce(v.visit_ref, -1)
   AND coalesce(d.place, -1) = coalesce(v.place, -1)
   AND d.visit_end = v.visit_end AND d.visit_arrival = v.visit_arrival
LEFT JOIN date_limits AS t ON t.source = v.source
WHERE d.person IS NULL AND (v.run > 0 OR v.at <= coalesce(t.last_at, $for_ever))
GROUP BY v.run
