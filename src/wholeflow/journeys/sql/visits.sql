-- One row for each visit of a person to a place: its milestones as they were recorded. A milestone known to
-- the day stands no earlier than an earlier milestone of that day (§18). On a list care starts with the first
-- contact where no start is recorded (§10). The first or last of some codes is found by one number, $code for each
-- rank and the code: numbers are compared in much less time than pairs. What few events tell is gathered from these few.
WITH counted AS (
    SELECT v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival,
           CAST(min(CASE WHEN v.stage IS NOT NULL THEN v.rank * $code + v.source END) % $code AS INTEGER) AS source,
           CAST(max(CASE WHEN v.ends = 1 THEN v.rank * $code + k.number END) % $code AS INTEGER) AS last_end,
           min(CASE WHEN v.stage IS NOT NULL THEN v.rank END) AS begin_rank,
           $first_by(v.need, CASE WHEN v.need IS NOT NULL THEN v.rank END) AS need,
           CAST(min(v.rank * $code + v.from_place) % $code AS INTEGER) AS from_place,
           CAST(max(v.rank * $code + v.to_place) % $code AS INTEGER) AS to_place,
           min(CASE WHEN v.kind = 'referred' THEN v.at END) AS referred_at,
           min(CASE WHEN v.kind = 'accepted' THEN v.at END) AS accepted_at,
           min(CASE WHEN v.kind = 'arrived' THEN v.at END) AS arrived_at,
           min(CASE WHEN v.kind = 'started' THEN v.at END) AS told_started_at,
           min(CASE WHEN v.kind = 'contact' THEN v.at END) AS contact_at,
           min(CASE WHEN v.kind = 'ready' THEN v.at END) AS ready_at,
           max(CASE WHEN v.ends = 1 THEN v.at END) AS ended_at,
           max(v.at) AS last_at,
           sum(CASE WHEN v.kind = 'contact' THEN 1 ELSE 0 END) AS contacts
    FROM placed_events AS v
    JOIN kinds AS k ON k.kind = v.kind
    WHERE v.visit_ref IS NOT NULL OR v.place IS NOT NULL
    GROUP BY v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival
    HAVING max(CASE WHEN v.stage IS NOT NULL AND (v.kind <> 'died' OR v.is_placed) THEN 1 ELSE 0 END) = 1
),
seldom AS (
    SELECT v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival,
           CAST(max(v.rank * $code + v.reason) % $code AS INTEGER) AS reason,
           CAST(min(v.rank * $code + v.waits_for) % $code AS INTEGER) AS waits_for,
           max(CASE WHEN v.kind = 'died' THEN 1 ELSE 0 END) AS died,
           max(CASE WHEN v.precision <> 'instant' THEN 1 ELSE 0 END) AS coarse,
           max(CASE WHEN v.precision <> 'instant' AND v.ends = 0 AND v.stage IS NOT NULL AND v.kind <> 'ready'
                    THEN 1 ELSE 0 END) AS begin_coarse,
           max(CASE WHEN v.precision <> 'instant' AND v.ends = 1 THEN 1 ELSE 0 END) AS end_coarse,
           max(CASE WHEN v.kind = 'accepted' THEN v.slack ELSE 0 END) AS accepted_slack,
           max(CASE WHEN v.kind = 'arrived' THEN v.slack ELSE 0 END) AS arrived_slack,
           max(CASE WHEN v.kind = 'started' THEN v.slack ELSE 0 END) AS started_slack,
           max(CASE WHEN v.kind = 'ready' THEN v.slack ELSE 0 END) AS ready_slack,
           max(CASE WHEN v.ends = 1 THEN v.slack ELSE 0 END) AS ended_slack,
           max(CASE WHEN v.run = 0 AND v.at > t.last_at AND v.stage IS NOT NULL THEN 1 ELSE 0 END) AS beyond
    FROM placed_events AS v
    LEFT JOIN date_limits AS t ON t.source = v.source
    WHERE (v.visit_ref IS NOT NULL OR v.place IS NOT NULL)
      AND (v.precision <> 'instant' OR v.kind = 'died' OR v.at > t.last_at
           OR coalesce(v.reason, v.waits_for) IS NOT NULL)
    GROUP BY v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival
),
gathered AS (
    SELECT c.*, k.kind AS last_end_kind, o.reason, o.waits_for,
           coalesce(o.died, 0) AS died, coalesce(o.coarse, 0) AS coarse, coalesce(o.begin_coarse, 0) AS begin_coarse,
           coalesce(o.end_coarse, 0) AS end_coarse, coalesce(o.accepted_slack, 0) AS accepted_slack,
           coalesce(o.arrived_slack, 0) AS arrived_slack, coalesce(o.started_slack, 0) AS started_slack,
           coalesce(o.ready_slack, 0) AS ready_slack, coalesce(o.ended_slack, 0) AS ended_slack,
           coalesce(o.beyond, 0) AS beyond
    FROM counted AS c
    LEFT JOIN kinds AS k ON k.number = c.last_end
    LEFT JOIN seldom AS o
        ON o.run = c.run AND o.person = c.person AND o.visit_end = c.visit_end AND o.visit_arrival = c.visit_arrival
       AND o.visit_ref IS NOT DISTINCT FROM c.visit_ref AND o.place IS NOT DISTINCT FROM c.place
),
begun AS (
    SELECT g.*, p.organisation, p.is_frame, coalesce(p.holds, 'body') AS holds, coalesce(p.setting, 'other') AS setting,
           coalesce(g.told_started_at,
                    CASE WHEN p.holds = 'caseload' AND NOT p.is_frame THEN g.contact_at END) AS started_at
    FROM gathered AS g
    LEFT JOIN place_facts AS p ON p.place = g.place
),
floored AS (
    SELECT g.*, g.referred_at AS accepted_floor, greatest(g.referred_at, g.accepted_at) AS arrived_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at) AS started_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at, g.started_at) AS ready_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at, g.started_at, g.ready_at) AS ended_floor
    FROM begun AS g
),
timed AS (
    SELECT f.run, f.person, f.visit_ref, f.place, f.visit_end, f.visit_arrival, f.source, f.need,
           f.from_place, f.to_place, f.reason, f.waits_for, f.last_end_kind, f.begin_rank, f.last_at,
           f.died, f.coarse, f.begin_coarse, f.end_coarse, f.contacts, f.beyond, f.organisation, f.is_frame, f.holds, f.setting, f.referred_at,
           CASE WHEN f.accepted_floor - f.accepted_at BETWEEN 0 AND f.accepted_slack
                THEN f.accepted_floor ELSE f.accepted_at END AS accepted_at,
           CASE WHEN f.arrived_floor - f.arrived_at BETWEEN 0 AND f.arrived_slack
                THEN f.arrived_floor ELSE f.arrived_at END AS arrived_at,
           CASE WHEN f.started_floor - f.started_at BETWEEN 0 AND f.started_slack
                THEN f.started_floor ELSE f.started_at END AS started_at,
           CASE WHEN f.ready_floor - f.ready_at BETWEEN 0 AND f.ready_slack
                THEN f.ready_floor ELSE f.ready_at END AS ready_at,
           CASE WHEN f.ended_floor - f.ended_at BETWEEN 0 AND f.ended_slack
                THEN f.ended_floor ELSE f.ended_at END AS ended_at
    FROM floored AS f
)
SELECT g.*, CASE WHEN g.died = 1 THEN 'died' ELSE g.last_end_kind END AS ended_kind,
       CASE WHEN g.holds = 'body' THEN coalesce(g.arrived_at, g.started_at)
            ELSE coalesce(g.referred_at, g.accepted_at, g.arrived_at, g.started_at)
       END AS begin_at,
       coalesce(CASE WHEN g.holds = 'body' THEN coalesce(g.arrived_at, g.started_at) END,
                g.referred_at, g.accepted_at, g.arrived_at, g.started_at, g.ready_at, g.ended_at) AS known_at,
       coalesce(g.arrived_at, g.started_at, g.ready_at, g.ended_at, 0)
           <= coalesce(g.ended_at, g.ready_at, g.started_at, g.arrived_at, 0) AS ends_after_begin,
       coalesce(g.referred_at, $always)
           <= coalesce(g.accepted_at, g.arrived_at, g.started_at, g.ready_at, g.ended_at, $for_ever)
       AND coalesce(g.accepted_at, $always)
           <= coalesce(g.arrived_at, g.started_at, g.ready_at, g.ended_at, $for_ever)
       AND coalesce(g.arrived_at, $always) <= coalesce(g.started_at, g.ready_at, g.ended_at, $for_ever)
       AND coalesce(g.started_at, $always) <= coalesce(g.ready_at, g.ended_at, $for_ever)
       AND coalesce(g.ready_at, $always) <= coalesce(g.ended_at, $for_ever)
       AND g.beyond = 0 AS told_in_order
FROM timed AS g
