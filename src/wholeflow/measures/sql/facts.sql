-- The value of one fact of the person that held at the begin of each stay: of several the one that holds
-- since last (§29).
SELECT v.stay, d.name AS value
FROM (
    SELECT s.stay, f.value,
           row_number() OVER (
               PARTITION BY s.stay
               ORDER BY f.from_at DESC NULLS LAST, f.recorded_at DESC NULLS LAST, f.id, f.part
           ) AS choice
    FROM stays AS s
    JOIN present_person_facts AS f
        ON f.run = 0 AND f.fact = $fact AND f.person = s.person
       AND (f.from_at IS NULL OR f.from_at <= coalesce(s.begin_at, s.seen_to))
       AND (f.to_at IS NULL OR f.to_at > coalesce(s.begin_at, s.seen_to))
) AS v
JOIN dictionary AS d ON d.code = v.value
WHERE v.choice = 1
