-- The value of one fact of the person that held at each of some moments (person, at): of several the one that holds
-- since last (§29).
SELECT v.person, v.at, d.name AS value
FROM (
    SELECT m.person, m.at, f.value,
           row_number() OVER (
               PARTITION BY m.person, m.at
               ORDER BY f.from_at DESC NULLS LAST, f.recorded_at DESC NULLS LAST, f.id, f.part
           ) AS choice
    FROM $moments AS m
    JOIN present_person_facts AS f
        ON f.run = 0 AND f.fact = $fact AND f.person = m.person
       AND (f.from_at IS NULL OR f.from_at <= m.at)
       AND (f.to_at IS NULL OR f.to_at > m.at)
) AS v
JOIN dictionary AS d ON d.code = v.value
WHERE v.choice = 1
