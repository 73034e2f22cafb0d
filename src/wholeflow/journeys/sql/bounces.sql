-- One row for each request that was declined and made again to the same place in the same journey (§14): the
-- stay that was declined, and the last of the stays that were asked for in its place.
WITH repeatable AS (
    SELECT s.stay, s.run, s.person, s.journey, s.place, s.referred_at, s.end_at, s.begin_at, s.end_kind,
           lag(s.end_kind) OVER (
               PARTITION BY s.run, s.person, s.journey, s.place ORDER BY s.stay
           ) AS kind_before,
           lead(s.begin_at) OVER (
               PARTITION BY s.run, s.person, s.journey, s.place ORDER BY s.stay
           ) AS again_at
    FROM stays AS s
    WHERE s.begin_at IS NOT NULL AND s.place IS NOT NULL
      AND s.person IN (SELECT d.person FROM stays AS d WHERE d.end_kind = 'declined')
),
chained AS (
    SELECT r.*, sum(CASE WHEN r.kind_before = 'declined' THEN 0 ELSE 1 END) OVER (
               PARTITION BY r.run, r.person, r.journey, r.place ORDER BY r.stay ROWS UNBOUNDED PRECEDING
           ) AS chain
    FROM repeatable AS r
),
lasts AS (
    SELECT c.run, c.person, c.journey, c.place, c.chain, max(c.stay) AS stay
    FROM chained AS c
    GROUP BY c.run, c.person, c.journey, c.place, c.chain
)
SELECT c.stay AS declined_stay, l.stay AS to_stay, c.run, c.person, c.journey, c.place, c.begin_at AS asked_at,
       c.referred_at, c.end_at AS declined_at, c.again_at, (c.again_at - c.begin_at) / $hour AS lost_hours
FROM chained AS c
JOIN lasts AS l
    ON l.run = c.run AND l.person = c.person AND l.journey = c.journey AND l.place = c.place
   AND l.chain = c.chain AND l.stay <> c.stay
