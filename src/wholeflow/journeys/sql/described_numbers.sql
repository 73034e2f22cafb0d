-- One row for each number of a person that traits are told of: the traits told most often (of equally many
-- the smallest), the person that links already make of it, and the NHS number that it is linked to.
WITH told AS (
    SELECT t.person, t.birth_year, t.birth_month, t.birth_day, t.sex, t.postcode, t.forename, t.surname,
           row_number() OVER (
               PARTITION BY t.person
               ORDER BY count(*) DESC, t.birth_year NULLS LAST, t.birth_month NULLS LAST, t.birth_day NULLS LAST,
                        t.sex NULLS LAST, t.postcode NULLS LAST, t.forename NULLS LAST, t.surname NULLS LAST
           ) AS choice
    FROM present_traits AS t
    WHERE t.run = 0
    GROUP BY t.person, t.birth_year, t.birth_month, t.birth_day, t.sex, t.postcode, t.forename, t.surname
),
numbered AS (
    SELECT t.person, min(t.nhs_number) AS nhs_number
    FROM present_traits AS t
    LEFT JOIN links AS l ON l.person = t.person AND l.same_as = t.nhs_number
    WHERE t.run = 0 AND t.nhs_number IS NOT NULL AND (t.person = t.nhs_number OR l.used)
    GROUP BY t.person
)
SELECT t.person AS unique_id, coalesce(k.person, t.person) AS person, n.nhs_number,
       t.birth_year, t.birth_month, t.birth_day, t.sex, t.postcode, t.forename, t.surname
FROM told AS t
LEFT JOIN known_as AS k ON k.number = t.person
LEFT JOIN numbered AS n ON n.person = t.person
WHERE t.choice = 1
