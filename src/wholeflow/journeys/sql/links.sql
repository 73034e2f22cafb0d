-- One row for each link between two numbers of people, with what speaks against it (§25): a number that
-- several others share links them, unless the birth date of one differs from that of most in more than one
-- of year, month and day. A swap of day and month is one difference. What rows tell of the shared number
-- itself is one more voice.
WITH said AS (
    SELECT s.run, s.person, s.same_as, s.method, max(s.probability) AS probability, min(s.from_at) AS from_at,
           $first_by(s.source, s.id) AS source, min(s.id) AS id, $first_by(s.recorded_at, s.id) AS recorded_at
    FROM present_same_person AS s
    WHERE coalesce(s.from_at, $always) <= $as_of
    GROUP BY s.run, s.person, s.same_as, s.method
),
births AS (
    SELECT t.run, t.person, t.birth_year, t.birth_month, t.birth_day, count(*) AS told
    FROM present_traits AS t
    WHERE t.birth_year IS NOT NULL AND t.birth_month IS NOT NULL AND t.birth_day IS NOT NULL
    GROUP BY t.run, t.person, t.birth_year, t.birth_month, t.birth_day
),
born AS (
    SELECT b.run, b.person, b.birth_year, b.birth_month, b.birth_day
    FROM (
        SELECT c.*, row_number() OVER (
                   PARTITION BY c.run, c.person
                   ORDER BY c.told DESC, c.birth_year, c.birth_month, c.birth_day
               ) AS choice
        FROM births AS c
    ) AS b
    WHERE b.choice = 1
),
voters AS (
    SELECT s.run, s.same_as, s.person FROM said AS s WHERE s.method = $shared
    UNION
    SELECT s.run, s.same_as, s.same_as FROM said AS s WHERE s.method = $shared
),
votes AS (
    SELECT s.run, s.same_as, b.birth_year, b.birth_month, b.birth_day, count(*) AS votes,
           max(count(*)) OVER (PARTITION BY s.run, s.same_as) AS most
    FROM voters AS s
    JOIN born AS b ON b.run = s.run AND b.person = s.person
    GROUP BY s.run, s.same_as, b.birth_year, b.birth_month, b.birth_day
),
clashes AS (
    SELECT DISTINCT s.run, s.person, s.same_as
    FROM said AS s
    JOIN born AS b ON b.run = s.run AND b.person = s.person
    JOIN votes AS v ON v.run = s.run AND v.same_as = s.same_as AND v.votes = v.most
    WHERE s.method = $shared
      AND NOT (v.birth_month = b.birth_day AND v.birth_day = b.birth_month AND v.birth_year = b.birth_year)
      AND CASE WHEN v.birth_year <> b.birth_year THEN 1 ELSE 0 END
        + CASE WHEN v.birth_month <> b.birth_month THEN 1 ELSE 0 END
        + CASE WHEN v.birth_day <> b.birth_day THEN 1 ELSE 0 END > 1
)
SELECT s.run, s.person, s.same_as, d.name AS method, s.probability, s.from_at,
       c.person IS NULL AND s.probability >= $surely AS used,
       CASE WHEN c.person IS NOT NULL THEN 'birth dates differ' END AS doubt,
       s.source, s.id, s.recorded_at
FROM said AS s
LEFT JOIN clashes AS c ON c.run = s.run AND c.person = s.person AND c.same_as = s.same_as
LEFT JOIN dictionary AS d ON d.code = s.method
