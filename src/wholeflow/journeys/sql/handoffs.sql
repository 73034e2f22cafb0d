-- Each stay with the stay that the person came from (§14): the one at the recorded from_place; else
-- for a body stay the body stay of the journey that ended last, no more than $direct earlier; else for
-- a caseload stay the body stay that the person was counted in, or the caseload stay of the journey
-- that ended last before it.
WITH begun AS (
    SELECT s.* FROM stays AS s WHERE s.begin_at IS NOT NULL
),
named AS (
    SELECT t.stay,
           coalesce(max(CASE WHEN f.begin_at <= t.begin_at THEN f.stay END),
                    min(CASE WHEN (f.begin_at <= coalesce(t.arrived_at, t.started_at, t.seen_to)
                                   OR f.begin_at < t.seen_to AND f.seen_to <= t.seen_to)
                              AND coalesce(f.from_place, -1) <> t.place THEN f.stay END)) AS from_stay
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey
       AND f.place = t.from_place AND f.stay <> t.stay
    GROUP BY t.stay
),
bodies AS (
    SELECT t.stay, f.stay AS from_stay, row_number() OVER (
               PARTITION BY t.stay ORDER BY coalesce(f.end_at, f.seen_to) DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.holds = 'body'
       AND f.stay < t.stay AND f.end_kind NOT IN ('lost', 'died')
       AND t.begin_at <= coalesce(f.end_at, f.seen_to) + $direct
    WHERE t.holds = 'body'
),
hosts AS (
    SELECT t.stay, f.stay AS from_stay, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.present_from DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.holds = 'body'
       AND f.present_from <= t.begin_at AND coalesce(f.present_to, f.seen_to) >= t.begin_at
    WHERE t.holds = 'caseload'
),
lists AS (
    SELECT t.stay, f.stay AS from_stay, row_number() OVER (
               PARTITION BY t.stay ORDER BY f.end_at DESC, f.stay DESC
           ) AS choice
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.holds = 'caseload'
       AND f.end_at <= t.begin_at AND f.stay <> t.stay
    WHERE t.holds = 'caseload'
),
pairs AS (
    SELECT t.stay AS to_stay, n.from_stay IS NOT NULL OR t.holds = 'body' AS moves_over,
           coalesce(n.from_stay, b.from_stay, h.from_stay, l.from_stay) AS from_stay
    FROM begun AS t
    LEFT JOIN named AS n ON n.stay = t.stay
    LEFT JOIN bodies AS b ON b.stay = t.stay AND b.choice = 1
    LEFT JOIN hosts AS h ON h.stay = t.stay AND h.choice = 1
    LEFT JOIN lists AS l ON l.stay = t.stay AND l.choice = 1
),
timed AS (
    SELECT t.run, t.person, t.journey, f.stay AS from_stay, t.stay AS to_stay,
           f.place AS from_place, t.place AS to_place,
           f.organisation AS from_organisation, t.organisation AS to_organisation,
           p.moves_over, f.in_order AND t.in_order AS in_order, t.seen_to AS to_seen_to, t.end_kind AS to_end_kind, t.referred_at,
           f.ready_at, coalesce(t.arrived_at, t.started_at) AS here_at,
           CASE WHEN f.end_kind <> 'lost' THEN f.end_at END AS left_at,
           p.moves_over AND coalesce(t.arrived_at, t.started_at) < coalesce(f.end_at, $for_ever) AS overlaps
    FROM pairs AS p
    JOIN begun AS t ON t.stay = p.to_stay
    JOIN begun AS f ON f.stay = p.from_stay
),
met AS (
    SELECT m.*,
           CASE WHEN m.referred_at IS NOT NULL THEN m.referred_at
                WHEN m.moves_over AND m.ready_at <= m.here_at THEN m.ready_at
                WHEN m.overlaps THEN m.here_at END AS asked_at,
           CASE WHEN m.overlaps THEN m.left_at ELSE m.here_at END AS came_at
    FROM timed AS m
)
SELECT row_number() OVER (ORDER BY m.to_stay) AS handoff, m.run, m.person, m.journey,
       m.from_stay, m.to_stay, m.from_place, m.to_place, m.from_organisation, m.to_organisation,
       coalesce(m.from_organisation, -1) <> coalesce(m.to_organisation, -1) AS crosses,
       m.to_end_kind, m.in_order, m.asked_at, m.came_at, coalesce(m.came_at, m.to_seen_to) AS seen_to,
       CASE WHEN m.in_order THEN (m.came_at - m.asked_at) / $hour END AS wait_hours,
       CASE WHEN m.in_order AND m.moves_over AND m.here_at IS NOT NULL AND m.left_at IS NOT NULL
            THEN (greatest(m.here_at, m.left_at) - m.left_at) / $hour END AS gap_hours,
       CASE WHEN m.in_order AND m.moves_over AND m.here_at IS NOT NULL AND m.left_at IS NOT NULL
            THEN (greatest(m.here_at, m.left_at) - m.here_at) / $hour END AS overlap_hours
FROM met AS m
