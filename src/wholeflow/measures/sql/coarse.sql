-- Stays of which the event that said one instant is known to the day or month only (§18).
SELECT DISTINCT s.stay
FROM stays AS s
JOIN placed_events AS e
    ON e.run = s.run AND e.person = s.person AND e.visit_end = s.visit_end
   AND e.visit_arrival = s.visit_arrival AND coalesce(e.visit_ref, -1) = coalesce(s.visit_ref, -1)
   AND coalesce(e.place, -1) = coalesce(s.place, -1)
WHERE e.precision <> 'instant' AND e.kind = $kind
