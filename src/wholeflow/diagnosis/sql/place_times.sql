-- Every stay in which a place had somebody, told as the activities of a journey are: the place stands for the
-- activity, from coming (where only the asking is recorded, from there) to the recorded end (§31).
SELECT s.run, s.person, s.journey, s.stay AS rank, s.place AS activity, s.place,
       coalesce(s.arrived_at, s.started_at, s.begin_at) AS start_at,
       CASE WHEN s.in_order AND s.end_kind NOT IN ('open', 'lost', 'moved on') THEN s.end_at END AS end_at
FROM stays AS s
WHERE s.begin_at IS NOT NULL AND s.place IS NOT NULL
  AND (s.end_kind NOT IN ('declined', 'cancelled', 'did_not_attend', 'reneged')
       OR coalesce(s.arrived_at, s.started_at) IS NOT NULL)
