-- One row for each of some people (person, until_at, is_coarse): how long they were at home in a time of one length
-- that ended then, outside the places that are not home (§39), and where they were at its end. Being in two such
-- places at once counts once.
WITH windows AS (
    SELECT p.person, p.until_at - $length AS from_at, p.until_at, p.is_coarse FROM $people AS p
),
told AS (
    SELECT t.person, t.stay, w.from_at, w.until_at, t.end_kind, t.in_order, t.seen_to,
           CASE WHEN t.holds = 'body' THEN t.begin_at ELSE coalesce(t.arrived_at, t.started_at) END AS here_at
    FROM stays AS t
    JOIN windows AS w ON w.person = t.person
    WHERE $not_home
),
times AS (
    SELECT t.person, greatest(t.here_at, u.from_at, t.from_at) AS here_at, least(t.seen_to, u.to_at, t.until_at) AS gone_at
    FROM told AS t
    LEFT JOIN unbroken_times AS u ON u.stay = t.stay
    WHERE t.in_order AND t.here_at < t.until_at AND t.seen_to > t.from_at
),
apart AS (
    SELECT i.*, max(i.gone_at) OVER (
               PARTITION BY i.person ORDER BY i.here_at, i.gone_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS before_until
    FROM times AS i
),
elsewhere AS (
    SELECT a.person, sum(greatest(a.gone_at - greatest(a.here_at, coalesce(a.before_until, a.here_at)), 0)) AS lasted
    FROM apart AS a
    GROUP BY a.person
),
doubts AS (
    SELECT t.person, max(CASE WHEN t.end_kind = 'lost' AND t.in_order THEN 1 ELSE 0 END) AS is_lost,
           max(CASE WHEN t.in_order THEN 0 ELSE 1 END) AS is_impossible
    FROM told AS t
    WHERE least(t.here_at, t.seen_to) < t.until_at AND greatest(t.here_at, t.seen_to) > t.from_at
    GROUP BY t.person
),
lay AS (
    SELECT s.*, row_number() OVER (PARTITION BY s.person ORDER BY s.present_from DESC, s.stay DESC) AS from_last
    FROM stays AS s
    JOIN windows AS w ON w.person = s.person
    WHERE s.run = 0 AND s.holds = 'body' AND s.present_from <= w.until_at
      AND coalesce(s.present_to, s.seen_to) >= w.until_at
)
SELECT 0 AS run, w.person, w.from_at AS begin_at, w.until_at AS seen_to, w.until_at, w.is_coarse,
       CAST($length - coalesce(e.lasted, 0) AS BIGINT) AS home, l.stay, l.place, l.organisation, l.source,
       l.from_place, l.to_place, l.reason, l.waits_for, coalesce(l.setting, 'not recorded') AS setting,
       coalesce(l.holds, 'not recorded') AS holds, coalesce(l.end_kind, 'not recorded') AS end_kind,
       CASE WHEN w.until_at > $last THEN $future WHEN w.from_at < $covered_from THEN $early WHEN d.is_impossible = 1 THEN $impossible
            WHEN d.is_lost = 1 THEN $lost ELSE '' END AS why
FROM windows AS w
LEFT JOIN elsewhere AS e ON e.person = w.person
LEFT JOIN doubts AS d ON d.person = w.person
LEFT JOIN lay AS l ON l.person = w.person AND l.from_last = 1
