-- One row for each stay open at $at in which somebody is ready to leave or waits (§34); state 'not told'
-- where the records can't say. A milestone that is told of fewer than half of the people whose stays at a
-- place ended is not told of there: that it is missing says nothing.
WITH told AS (
    SELECT s.place, count(DISTINCT s.person) AS ended,
           count(DISTINCT CASE WHEN s.accepted_at IS NOT NULL THEN s.person END) AS accepted,
           count(DISTINCT CASE WHEN s.arrived_at IS NOT NULL THEN s.person END) AS arrived,
           count(DISTINCT CASE WHEN s.started_at IS NOT NULL THEN s.person END) AS started,
           count(DISTINCT CASE WHEN s.ready_at IS NOT NULL THEN s.person END) AS ready,
           count(DISTINCT CASE WHEN s.contacts > 0 THEN s.person END) AS seen
    FROM stays AS s
    WHERE s.run = 0 AND s.end_kind IN ('left', 'moved on')
    GROUP BY s.place
),
here AS (
    SELECT s.*, coalesce(s.begin_at, s.referred_at, s.accepted_at, s.ready_at) AS known_at,
           coalesce(2 * t.accepted >= t.ended, true) AS tells_accepted,
           coalesce(2 * t.arrived >= t.ended, true) AS tells_arrived,
           coalesce(2 * t.started >= t.ended, true) AS tells_started,
           coalesce(2 * t.ready >= t.ended, true) AS tells_ready,
           coalesce(2 * t.seen >= t.ended, true) AS tells_contacts
    FROM stays AS s
    LEFT JOIN told AS t ON t.place = s.place
    WHERE s.run = 0 AND s.end_kind = 'open' AND s.in_order AND (NOT s.frames OR s.ready_at IS NOT NULL)
),
answered AS (
    SELECT DISTINCT h.stay
    FROM here AS h
    JOIN stays AS o
        ON o.run = h.run AND o.person = h.person AND o.place = h.place AND o.stay <> h.stay AND o.in_order
       AND coalesce(o.arrived_at, o.started_at, CASE WHEN o.contacts > 0 THEN o.begin_at END)
           >= coalesce(h.referred_at, h.accepted_at)
    WHERE h.arrived_at IS NULL AND h.started_at IS NULL
),
notes AS (
    SELECT h.stay, v.waits_for, v.reason, v.at,
           CASE WHEN v.kind = 'waits_for' OR v.waits_for IS NOT NULL THEN 1 ELSE 0 END AS names,
           row_number() OVER (
               PARTITION BY h.stay, CASE WHEN v.kind = 'waits_for' OR v.waits_for IS NOT NULL THEN 1 ELSE 0 END
               ORDER BY v.rank DESC
           ) AS turn
    FROM here AS h
    JOIN placed_events AS v
        ON v.run = h.run AND v.person = h.person AND v.visit_end = h.visit_end
       AND v.visit_arrival = h.visit_arrival
       AND coalesce(v.visit_ref, -1) = coalesce(h.visit_ref, -1)
       AND coalesce(v.place, -1) = coalesce(h.place, -1)
    WHERE v.at <= $at AND (v.kind IN ('waits_for', 'ready') OR v.waits_for IS NOT NULL)
),
said AS (
    SELECT n.stay, max(n.names) AS names, max(CASE WHEN n.names = 1 AND n.turn = 1 THEN n.waits_for END) AS waits_for,
           max(CASE WHEN n.names = 1 AND n.turn = 1 THEN n.reason END) AS reason,
           max(CASE WHEN n.names = 1 AND n.turn = 1 THEN n.at END) AS named_at,
           max(CASE WHEN n.names = 0 AND n.turn = 1 THEN n.reason END) AS ready_reason,
           min(CASE WHEN n.names = 1 THEN n.at END) AS since_at
    FROM notes AS n
    GROUP BY n.stay
),
watched AS (
    SELECT DISTINCT h.person FROM here AS h WHERE h.tells_ready
),
judged AS (
    SELECT h.*, d.waits_for AS named, d.named_at, coalesce(d.reason, d.ready_reason) AS told_reason,
           CASE WHEN h.ready_at IS NOT NULL THEN 'ready to leave'
                WHEN h.started_at IS NULL AND h.arrived_at IS NOT NULL AND h.tells_started THEN 'waiting to start'
                WHEN h.started_at IS NULL AND h.arrived_at IS NULL AND a.stay IS NULL
                     AND (h.contacts = 0 OR h.tells_started)
                    THEN CASE WHEN h.accepted_at IS NULL AND h.tells_accepted THEN 'referred and not accepted'
                              WHEN h.accepted_at IS NOT NULL AND h.tells_arrived THEN 'accepted and not arrived'
                              WHEN h.tells_arrived OR h.tells_started OR h.tells_contacts THEN 'waiting to start'
                              ELSE 'not told' END
                WHEN d.names = 1 THEN 'waiting while in care'
                WHEN h.holds = 'body' AND NOT h.tells_ready AND w.person IS NULL THEN 'not told' END AS state,
           CASE WHEN h.ready_at IS NOT NULL THEN h.ready_at
                WHEN h.started_at IS NOT NULL THEN d.since_at ELSE h.known_at END AS since_at
    FROM here AS h
    LEFT JOIN answered AS a ON a.stay = h.stay
    LEFT JOIN said AS d ON d.stay = h.stay
    LEFT JOIN watched AS w ON w.person = h.person
),
ordered AS (
    SELECT j.*, row_number() OVER (
               PARTITION BY j.person, CASE WHEN j.state = 'ready to leave' THEN coalesce(j.organisation, -j.place) END,
                            CASE WHEN j.state <> 'ready to leave' THEN j.stay END
               ORDER BY CASE WHEN j.holds = 'body' THEN 0 ELSE 1 END, j.ready_at, j.stay
           ) AS choice
    FROM judged AS j
    WHERE j.state IS NOT NULL
)
SELECT o.stay, o.run, o.person, o.journey, o.place, o.organisation, o.source, o.visit_ref, o.known_at, o.since_at,
       o.to_the_day, o.state, o.named, o.named_at, o.told_reason, o.state IN ('ready to leave', 'waiting while in care') AS is_held,
       o.arrived_at IS NULL AND o.state NOT IN ('ready to leave', 'waiting while in care', 'not told') AS is_asked
FROM ordered AS o
WHERE o.choice = 1
