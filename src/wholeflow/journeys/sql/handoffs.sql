-- Each stay with the stay that the person came from (§14): the one at the recorded from_place; else
-- for a body stay the body stay of the journey that ended no more than $direct before it; else for a
-- caseload stay the body stay that the person was in, or the caseload stay of the journey that ended
-- last before it.
WITH begun AS (
    SELECT s.*,
           lag(s.stay) OVER in_layer AS stay_before,
           lag(s.end_at) OVER in_layer AS before_ended_at,
           lag(s.end_kind) OVER in_layer AS before_end_kind
    FROM stays AS s
    WHERE s.begin_at IS NOT NULL
    WINDOW in_layer AS (
        PARTITION BY s.run, s.person, s.journey, s.holds ORDER BY s.begin_at, s.stay
    )
),
named AS (
    SELECT t.stay,
           coalesce(max(CASE WHEN f.begin_at <= t.begin_at THEN f.stay END), min(f.stay)) AS from_stay
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey
       AND f.place = t.from_place AND f.stay <> t.stay
    GROUP BY t.stay
),
hosts AS (
    SELECT t.stay, max(f.stay) AS from_stay
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.holds = 'body'
       AND f.begin_at <= t.begin_at AND f.seen_to >= t.begin_at
    WHERE t.holds = 'caseload'
    GROUP BY t.stay
),
lists AS (
    SELECT t.stay, max(f.stay) AS from_stay
    FROM begun AS t
    JOIN begun AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.holds = 'caseload'
       AND f.end_at <= t.begin_at AND f.stay <> t.stay
    WHERE t.holds = 'caseload'
    GROUP BY t.stay
),
pairs AS (
    SELECT t.stay AS to_stay, n.from_stay IS NOT NULL OR t.holds = 'body' AS moves_over,
           CASE WHEN n.from_stay IS NOT NULL THEN n.from_stay
                WHEN t.holds = 'caseload' THEN coalesce(h.from_stay, l.from_stay)
                WHEN t.before_end_kind NOT IN ('lost', 'died')
                 AND t.begin_at <= t.before_ended_at + $direct THEN t.stay_before END AS from_stay
    FROM begun AS t
    LEFT JOIN named AS n ON n.stay = t.stay
    LEFT JOIN hosts AS h ON h.stay = t.stay
    LEFT JOIN lists AS l ON l.stay = t.stay
),
timed AS (
    SELECT t.run, t.person, t.journey, f.stay AS from_stay, t.stay AS to_stay,
           f.place AS from_place, t.place AS to_place,
           f.organisation AS from_organisation, t.organisation AS to_organisation,
           p.moves_over, f.in_order AND t.in_order AS in_order, t.seen_to AS to_seen_to,
           f.end_at AS left_at, coalesce(t.arrived_at, t.started_at) AS here_at, t.referred_at, f.ready_at
    FROM pairs AS p
    JOIN begun AS t ON t.stay = p.to_stay
    JOIN begun AS f ON f.stay = p.from_stay
),
met AS (
    SELECT m.*,
           CASE WHEN m.referred_at IS NOT NULL THEN m.referred_at
                WHEN m.moves_over AND m.ready_at <= m.here_at THEN m.ready_at
                WHEN m.moves_over AND m.left_at > m.here_at THEN m.here_at END AS asked_at,
           CASE WHEN m.moves_over AND m.left_at > m.here_at THEN m.left_at ELSE m.here_at END AS came_at
    FROM timed AS m
)
SELECT row_number() OVER (ORDER BY m.to_stay) AS handoff, m.run, m.person, m.journey,
       m.from_stay, m.to_stay, m.from_place, m.to_place, m.from_organisation, m.to_organisation,
       coalesce(m.from_organisation, -1) <> coalesce(m.to_organisation, -1) AS crosses,
       m.in_order, m.asked_at, m.came_at, coalesce(m.came_at, m.to_seen_to) AS seen_to,
       CASE WHEN m.in_order THEN (m.came_at - m.asked_at) / $hour END AS wait_hours,
       CASE WHEN m.in_order AND m.moves_over
            THEN (greatest(m.here_at, m.left_at) - m.left_at) / $hour END AS gap_hours,
       CASE WHEN m.in_order AND m.moves_over
            THEN (greatest(m.here_at, m.left_at) - m.here_at) / $hour END AS overlap_hours
FROM met AS m
