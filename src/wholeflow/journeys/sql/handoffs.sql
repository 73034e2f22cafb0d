-- Each stay with the stay that the person came from (§14): the one at the recorded from_place; else the one
-- that recorded this as its to_place; else for a body stay the body stay of the journey that ended last; else for
-- a caseload stay the body stay that the person was counted in, or the caseload stay of the journey that ended
-- last before it. But for the first, it ended no more than $direct earlier.
-- No stay is compared with each other stay of its person, for one number may have a hundred thousand. Who asks
-- for the latest stay at a place, in a body (-1) or on a list (-2) is marked in time among those that can be
-- followed: the turn of the last one before it says which. Stays are numbered as they begin.
-- A request that was declined and made again to the same place is one request: it is asked for from the first.
WITH held AS (
    SELECT s.stay, s.run, s.person, s.journey, s.place, s.organisation, s.holds, s.from_place, s.to_place, s.referred_at,
           s.arrived_at, s.started_at, s.ready_at, s.end_at, s.end_kind, s.begin_at, s.seen_to, s.present_from,
           s.present_to, s.in_order, s.need, s.frames, s.holds = 'body' OR s.setting = 'hospital' AS has_body,
           CASE WHEN s.begin_to_the_day OR s.end_to_the_day THEN $day ELSE 0 END AS slack
    FROM stays AS s
    WHERE s.begin_at IS NOT NULL AND (NOT s.frames OR s.from_place IS NOT NULL)
),
chains AS (
    SELECT b.to_stay AS stay, min(b.asked_at) AS begin_at, min(b.referred_at) AS referred_at, count(*) AS bounces
    FROM bounces AS b
    GROUP BY b.to_stay
),
begun AS (
    SELECT h.stay, h.run, h.person, h.journey, h.place, h.organisation, h.holds, h.from_place, h.to_place,
           coalesce(k.referred_at, h.referred_at) AS referred_at, h.arrived_at, h.started_at, h.ready_at, h.end_at,
           h.end_kind, coalesce(k.begin_at, h.begin_at) AS begin_at, h.seen_to, h.present_from, h.present_to,
           h.in_order, h.slack, h.need, h.frames, h.has_body, coalesce(k.bounces, 0) AS bounces, h.begin_at AS from_at
    FROM held AS h
    LEFT JOIN chains AS k ON k.stay = h.stay
    LEFT JOIN bounces AS b ON b.declined_stay = h.stay
    WHERE b.declined_stay IS NULL
),
marks AS (
    SELECT f.run, f.person, f.journey, f.place AS follows, f.begin_at AS at, 0 AS asks, f.stay
    FROM begun AS f
    WHERE f.place IN (SELECT t.from_place FROM begun AS t) AND NOT f.frames
    UNION ALL
    SELECT t.run, t.person, t.journey, t.from_place, t.begin_at, 1, t.stay
    FROM begun AS t
    WHERE t.from_place IS NOT NULL
    UNION ALL
    SELECT f.run, f.person, f.journey, -10 - f.to_place, f.begin_at, 0, f.stay
    FROM begun AS f
    WHERE f.to_place IN (SELECT t.place FROM begun AS t) AND NOT f.frames
    UNION ALL
    SELECT t.run, t.person, t.journey, -10 - t.place, t.begin_at, 1, t.stay
    FROM begun AS t
    WHERE t.place IN (SELECT f.to_place FROM begun AS f) AND NOT t.frames
    UNION ALL
    SELECT f.run, f.person, 0, -1, f.present_from, 0, f.stay
    FROM begun AS f
    WHERE f.holds = 'body' AND f.present_from <= coalesce(f.present_to, f.seen_to)
      AND f.person IN (SELECT t.person FROM begun AS t WHERE t.holds = 'caseload')
    UNION ALL
    SELECT p.run, p.person, 0, -1, p.from_at, 0, p.stay
    FROM presences AS p
    JOIN begun AS f ON f.stay = p.stay AND f.holds = 'body' AND f.present_from < p.from_at
    WHERE p.person IN (SELECT u.person FROM unbroken_times AS u)
    UNION ALL
    SELECT t.run, t.person, 0, -1, t.begin_at, 1, t.stay
    FROM begun AS t
    WHERE t.holds = 'caseload' AND NOT t.frames
    UNION ALL
    SELECT f.run, f.person, f.journey, -2, f.end_at, 0, f.stay
    FROM begun AS f
    WHERE f.holds = 'caseload' AND f.end_at IS NOT NULL AND NOT f.frames
    UNION ALL
    SELECT t.run, t.person, t.journey, -2, t.begin_at, 1, t.stay
    FROM begun AS t
    WHERE t.holds = 'caseload' AND NOT t.frames
),
counted AS (
    SELECT m.*, count(CASE WHEN m.asks = 0 THEN 1 END) OVER (
               PARTITION BY m.run, m.person, m.journey, m.follows
               ORDER BY m.at, m.asks, m.stay ROWS UNBOUNDED PRECEDING
           ) AS turn
    FROM marks AS m
),
latest AS (
    SELECT c.*, lag(c.stay) OVER (
               PARTITION BY c.run, c.person, c.journey, c.follows ORDER BY c.turn
           ) AS stay_before
    FROM counted AS c
    WHERE c.asks = 0
),
found AS (
    SELECT c.follows, c.stay, CASE WHEN l.stay <> c.stay THEN l.stay ELSE l.stay_before END AS from_stay
    FROM counted AS c
    JOIN latest AS l
        ON l.run = c.run AND l.person = c.person AND l.journey = c.journey
       AND l.follows = c.follows AND l.turn = c.turn
    WHERE c.asks = 1
),
nested AS (
    SELECT f.*, min(f.seen_to) OVER (
               PARTITION BY f.run, f.person, f.journey, f.place, f.from_place
               ORDER BY f.stay ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS seen_before
    FROM begun AS f
    WHERE f.place IN (SELECT t.from_place FROM begun AS t) AND NOT f.frames
),
later AS (
    SELECT t.stay, min(f.stay) AS from_stay
    FROM begun AS t
    JOIN nested AS f
        ON f.run = t.run AND f.person = t.person AND f.journey = t.journey AND f.place = t.from_place
       AND (f.begin_at <= coalesce(t.arrived_at, t.started_at, t.seen_to)
            OR f.begin_at < t.seen_to AND f.seen_to <= t.seen_to)
       AND coalesce(f.from_place, -1) <> t.place AND f.seen_to < coalesce(f.seen_before, $for_ever)
    WHERE t.stay NOT IN (SELECT n.stay FROM found AS n WHERE n.follows > 0 AND n.from_stay IS NOT NULL)
    GROUP BY t.stay
),
bodies AS (
    SELECT b.stay, b.journey, coalesce(u.comes, true) AS comes, coalesce(u.from_at, b.from_at) AS from_at,
           CASE WHEN u.to_at < coalesce(b.end_at, $for_ever) THEN u.to_at
                WHEN b.end_kind NOT IN ('lost', 'died') THEN coalesce(b.end_at, b.seen_to) END AS left_at
    FROM begun AS b
    LEFT JOIN unbroken_times AS u ON u.stay = b.stay
    WHERE b.holds = 'body'
),
paced AS (
    SELECT b.*, row_number() OVER (PARTITION BY b.journey ORDER BY b.from_at, b.stay) AS turn,
           max(b.left_at) OVER (
               PARTITION BY b.journey ORDER BY b.from_at, b.stay ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS left_before
    FROM bodies AS b
),
preceded AS (
    SELECT p.stay, p.comes, p.left_before,
           max(CASE WHEN p.left_at >= coalesce(p.left_before, p.left_at) THEN p.turn * $code + p.stay END) OVER (
               PARTITION BY p.journey ORDER BY p.turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) % $code AS from_stay
    FROM paced AS p
),
hosts AS (
    SELECT h.stay, h.from_stay
    FROM found AS h
    JOIN begun AS t ON t.stay = h.stay
    JOIN begun AS f ON f.stay = h.from_stay AND t.begin_at <= coalesce(f.present_to, f.seen_to)
    WHERE h.follows = -1
),
named AS (
    SELECT n.stay, n.from_stay
    FROM found AS n
    JOIN begun AS t ON t.stay = n.stay
    JOIN begun AS f ON f.stay = n.from_stay AND (t.need IS NOT NULL OR t.begin_at <= f.seen_to + $gap)
    WHERE n.follows > 0
),
ended AS (
    SELECT e.follows, e.stay, e.from_stay
    FROM found AS e
    JOIN begun AS t ON t.stay = e.stay
    JOIN begun AS f ON f.stay = e.from_stay AND t.begin_at <= f.end_at + $direct + greatest(f.slack, t.slack)
    WHERE e.follows = -2 OR e.follows <= -10
),
pairs AS (
    SELECT t.*, t.holds = 'body' OR coalesce(n.from_stay, r.from_stay, s.from_stay) IS NOT NULL AS moves_over,
           coalesce(n.from_stay, r.from_stay, s.from_stay,
                    CASE WHEN t.begin_at <= b.left_before + $direct THEN b.from_stay END,
                    h.from_stay, l.from_stay) AS from_stay
    FROM begun AS t
    LEFT JOIN preceded AS b ON b.stay = t.stay AND b.comes
    LEFT JOIN named AS n ON n.stay = t.stay
    LEFT JOIN later AS r ON r.stay = t.stay
    LEFT JOIN hosts AS h ON h.stay = t.stay
    LEFT JOIN ended AS s ON s.follows <= -10 AND s.stay = t.stay
    LEFT JOIN ended AS l ON l.follows = -2 AND l.stay = t.stay
),
timed AS (
    SELECT t.run, t.person, t.journey, f.stay AS from_stay, t.stay AS to_stay,
           f.place AS from_place, t.place AS to_place,
           f.organisation AS from_organisation, t.organisation AS to_organisation,
           t.bounces, t.moves_over, f.in_order AND t.in_order AS in_order, t.seen_to AS to_seen_to, t.end_kind AS to_end_kind, t.referred_at,
           f.ready_at, coalesce(t.arrived_at, t.started_at) AS here_at,
           coalesce(a.from_at, CASE WHEN f.end_kind <> 'lost' THEN f.end_at END) AS left_at,
           t.moves_over AND t.has_body AND coalesce(t.arrived_at, t.started_at) < coalesce(a.from_at, f.end_at, $for_ever) AS overlaps,
           f.holds <> 'body' AND NOT t.has_body AS between_lists, f.holds = 'body' AND t.holds = 'body' AS is_move
    FROM pairs AS t
    JOIN begun AS f ON f.stay = t.from_stay
    LEFT JOIN absences AS a
        ON a.stay = f.stay AND f.holds = 'body' AND a.from_at <= coalesce(t.arrived_at, t.started_at)
       AND coalesce(t.arrived_at, t.started_at) < coalesce(a.to_at, $for_ever)
),
met AS (
    SELECT m.*,
           CASE WHEN m.referred_at IS NOT NULL THEN m.referred_at
                WHEN m.moves_over AND m.ready_at <= m.here_at THEN m.ready_at
                WHEN m.overlaps THEN m.here_at
                WHEN m.moves_over AND m.between_lists AND m.left_at <= m.here_at THEN m.left_at END AS asked_at,
           CASE WHEN m.overlaps THEN m.left_at ELSE m.here_at END AS came_at
    FROM timed AS m
)
SELECT m.to_stay AS handoff, m.run, m.person, m.journey,
       m.from_stay, m.to_stay, m.from_place, m.to_place, m.from_organisation, m.to_organisation,
       coalesce(m.from_organisation, -1) <> coalesce(m.to_organisation, -1) AS crosses, m.is_move,
       CAST(m.bounces AS BIGINT) AS bounces, m.to_end_kind, m.in_order, m.asked_at, m.came_at, coalesce(m.came_at, m.to_seen_to) AS seen_to,
       CASE WHEN m.in_order THEN (m.came_at - m.asked_at) / $hour END AS wait_hours,
       CASE WHEN m.in_order AND m.moves_over AND m.here_at IS NOT NULL AND m.left_at IS NOT NULL
            THEN (greatest(m.here_at, m.left_at) - m.left_at) / $hour END AS gap_hours,
       CASE WHEN m.in_order AND m.moves_over AND m.here_at IS NOT NULL AND m.left_at IS NOT NULL
            THEN (greatest(m.here_at, m.left_at) - m.here_at) / $hour END AS overlap_hours
FROM met AS m
