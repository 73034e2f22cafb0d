-- Of the pairs that look alike, the links to keep (§26). Two people with NHS numbers are two people. Somebody
-- without one is at most one of those with one: the odds share out, and the likeliest is kept. Two
-- without one may be linked where both are likely the same person with one, or neither is any: else
-- links would lead from one NHS number to another. No likeness is certain.
WITH who AS (
    SELECT n.person, max(n.nhs_number) AS nhs_number FROM described_numbers AS n GROUP BY n.person
),
pairs AS (
    SELECT p.person_l AS person, p.person_r AS other, p.match_probability AS probability FROM alike AS p
    UNION ALL
    SELECT p.person_r, p.person_l, p.match_probability FROM alike AS p
),
candidates AS (
    SELECT p.person, p.other, least(max(p.probability), 0.999999999) AS probability,
           least(max(p.probability), 0.999999999) / (1 - least(max(p.probability), 0.999999999)) AS odds,
           o.nhs_number IS NOT NULL AS is_numbered
    FROM pairs AS p
    JOIN who AS w ON w.person = p.person AND w.nhs_number IS NULL
    JOIN who AS o ON o.person = p.other
    WHERE p.person <> p.other
    GROUP BY p.person, p.other, o.nhs_number
),
shares AS (
    SELECT c.person, c.other, c.odds / (1 + sum(c.odds) OVER (PARTITION BY c.person)) AS probability,
           row_number() OVER (PARTITION BY c.person ORDER BY c.odds DESC, c.other) AS choice
    FROM candidates AS c
    WHERE c.is_numbered
),
chosen AS (
    SELECT s.person, s.other, s.probability,
           CASE WHEN s.probability >= $surely THEN s.other END AS likely
    FROM shares AS s
    WHERE s.choice = 1
)
SELECT c.person, c.other AS same_as, c.probability
FROM chosen AS c
UNION ALL
SELECT c.person, c.other, c.probability
FROM candidates AS c
LEFT JOIN chosen AS a ON a.person = c.person
LEFT JOIN chosen AS b ON b.person = c.other
WHERE NOT c.is_numbered AND c.person < c.other
  AND coalesce(a.other, b.other, -1) = coalesce(b.other, a.other, -1)
  AND coalesce(a.likely, -1) = coalesce(b.likely, -1)
ORDER BY 1, 2
