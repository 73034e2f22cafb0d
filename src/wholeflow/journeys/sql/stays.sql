-- One row for each stay: its milestones, its end, where the body is counted, its journey and hours. A
-- milestone known to the day stands no earlier than an earlier milestone of that day (§18).
WITH gathered AS (
    SELECT v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival,
           $first_by(v.source, CASE WHEN v.stage IS NOT NULL THEN v.rank END) AS source,
           $first_by(v.need, CASE WHEN v.need IS NOT NULL THEN v.rank END) AS need,
           $first_by(v.from_place, CASE WHEN v.from_place IS NOT NULL THEN v.rank END) AS from_place,
           $last_by(v.to_place, CASE WHEN v.to_place IS NOT NULL THEN v.rank END) AS to_place,
           $last_by(v.reason, CASE WHEN v.reason IS NOT NULL THEN v.rank END) AS reason,
           $first_by(v.waits_for, CASE WHEN v.waits_for IS NOT NULL THEN v.rank END) AS waits_for,
           $last_by(v.kind, CASE WHEN v.ends = 1 THEN v.rank END) AS last_end_kind,
           min(CASE WHEN v.stage IS NOT NULL THEN v.rank END) AS begin_rank,
           min(CASE WHEN v.kind = 'referred' THEN v.at END) AS referred_at,
           min(CASE WHEN v.kind = 'accepted' THEN v.at END) AS accepted_at,
           min(CASE WHEN v.kind = 'arrived' THEN v.at END) AS arrived_at,
           min(CASE WHEN v.kind = 'started' THEN v.at END) AS started_at,
           min(CASE WHEN v.kind = 'ready' THEN v.at END) AS ready_at,
           max(CASE WHEN v.ends = 1 THEN v.at END) AS ended_at,
           max(v.at) AS last_at,
           max(CASE WHEN v.kind = 'died' THEN 1 ELSE 0 END) AS died,
           max(CASE WHEN v.precision <> 'instant' THEN 1 ELSE 0 END) AS coarse,
           max(CASE WHEN v.kind = 'accepted' THEN v.slack ELSE 0 END) AS accepted_slack,
           max(CASE WHEN v.kind = 'arrived' THEN v.slack ELSE 0 END) AS arrived_slack,
           max(CASE WHEN v.kind = 'started' THEN v.slack ELSE 0 END) AS started_slack,
           max(CASE WHEN v.kind = 'ready' THEN v.slack ELSE 0 END) AS ready_slack,
           max(CASE WHEN v.ends = 1 THEN v.slack ELSE 0 END) AS ended_slack,
           sum(CASE WHEN v.kind = 'contact' THEN 1 ELSE 0 END) AS contacts,
           max(CASE WHEN v.run = 0 AND v.at > t.last_at AND v.stage IS NOT NULL THEN 1 ELSE 0 END) AS beyond
    FROM placed_events AS v
    LEFT JOIN date_limits AS t ON t.source = v.source
    WHERE v.visit_ref IS NOT NULL OR v.place IS NOT NULL
    GROUP BY v.run, v.person, v.visit_ref, v.place, v.visit_end, v.visit_arrival
    HAVING max(CASE WHEN v.stage IS NOT NULL AND (v.kind <> 'died' OR v.is_placed) THEN 1 ELSE 0 END) = 1
),
floored AS (
    SELECT g.*, g.referred_at AS accepted_floor, greatest(g.referred_at, g.accepted_at) AS arrived_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at) AS started_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at, g.started_at) AS ready_floor,
           greatest(g.referred_at, g.accepted_at, g.arrived_at, g.started_at, g.ready_at) AS ended_floor
    FROM gathered AS g
),
timed AS (
    SELECT f.run, f.person, f.visit_ref, f.place, f.visit_end, f.visit_arrival, f.source, f.need,
           f.from_place, f.to_place, f.reason, f.waits_for, f.last_end_kind, f.begin_rank, f.last_at,
           f.died, f.coarse, f.contacts, f.beyond, f.referred_at,
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
),
described AS (
    SELECT g.*, coalesce(p.holds, 'body') AS holds, p.organisation,
           coalesce(p.setting, 'other') AS setting,
           CASE WHEN g.died = 1 THEN 'died' ELSE g.last_end_kind END AS ended_kind,
           CASE WHEN coalesce(p.holds, 'body') = 'body' THEN coalesce(g.arrived_at, g.started_at)
                ELSE coalesce(g.referred_at, g.accepted_at, g.arrived_at, g.started_at)
           END AS begin_at,
           coalesce(CASE WHEN coalesce(p.holds, 'body') = 'body' THEN coalesce(g.arrived_at, g.started_at) END,
                    g.referred_at, g.accepted_at, g.arrived_at, g.started_at, g.ready_at, g.ended_at) AS known_at,
           coalesce(g.arrived_at, g.started_at, g.ready_at, g.ended_at, 0)
               <= coalesce(g.ended_at, g.ready_at, g.started_at, g.arrived_at, 0) AS ends_after_begin
    FROM timed AS g
    LEFT JOIN place_facts AS p ON p.place = g.place
),
lives AS (
    SELECT v.run, v.person, max(v.at) AS last_at, min(CASE WHEN v.kind = 'died' THEN v.at END) AS died_at
    FROM placed_events AS v
    GROUP BY v.run, v.person
),
endings AS (
    SELECT v.run, max(v.at) AS last_at
    FROM placed_events AS v
    LEFT JOIN described AS d
        ON d.run = v.run AND d.person = v.person AND NOT d.ends_after_begin
       AND coalesce(d.visit_ref, -1) = coalesce(v.visit_ref, -1)
       AND coalesce(d.place, -1) = coalesce(v.place, -1)
       AND d.visit_end = v.visit_end AND d.visit_arrival = v.visit_arrival
    LEFT JOIN date_limits AS t ON t.source = v.source
    WHERE d.person IS NULL AND (v.run > 0 OR v.at <= coalesce(t.last_at, $for_ever))
    GROUP BY v.run
),
followed AS (
    SELECT d.*, l.died_at,
           CASE WHEN $is_shared THEN coalesce($as_of_or_null, e.last_at, l.last_at)
                ELSE l.last_at END AS observed_to,
           CASE WHEN d.holds = 'body' THEN lead(d.begin_at) OVER (
               PARTITION BY d.run, d.person, d.holds, CASE WHEN d.begin_at IS NULL THEN 1 ELSE 0 END
               ORDER BY d.begin_at, d.begin_rank
           ) END AS next_begin_at
    FROM described AS d
    JOIN lives AS l ON l.run = d.run AND l.person = d.person
    LEFT JOIN endings AS e ON e.run = d.run
),
ended AS (
    SELECT f.*,
           CASE WHEN f.ended_at IS NOT NULL THEN f.ended_kind
                WHEN f.begin_at IS NOT NULL AND f.next_begin_at <= f.last_at + $gap THEN 'moved on'
                WHEN f.begin_at IS NOT NULL AND f.next_begin_at IS NOT NULL THEN 'lost'
                WHEN f.died_at IS NOT NULL THEN 'died'
                ELSE 'open' END AS end_kind
    FROM followed AS f
),
closed AS (
    SELECT e.*,
           CASE e.end_kind WHEN 'moved on' THEN e.next_begin_at WHEN 'lost' THEN e.last_at
                WHEN 'open' THEN NULL WHEN 'died' THEN coalesce(e.ended_at, e.died_at)
                ELSE e.ended_at END AS end_at
    FROM ended AS e
),
checked AS (
    SELECT e.*, coalesce(e.end_at, greatest(e.observed_to, e.begin_at)) AS seen_to,
           coalesce(e.referred_at, $always)
               <= coalesce(e.accepted_at, e.arrived_at, e.started_at, e.ready_at, e.end_at, $for_ever)
           AND coalesce(e.accepted_at, $always)
               <= coalesce(e.arrived_at, e.started_at, e.ready_at, e.end_at, $for_ever)
           AND coalesce(e.arrived_at, $always)
               <= coalesce(e.started_at, e.ready_at, e.end_at, $for_ever)
           AND coalesce(e.started_at, $always) <= coalesce(e.ready_at, e.end_at, $for_ever)
           AND coalesce(e.ready_at, $always) <= coalesce(e.end_at, $for_ever)
           AND e.beyond = 0 AS in_order
    FROM closed AS e
),
bodies AS (
    SELECT c.*,
           CASE WHEN c.holds = 'body' AND c.begin_at IS NOT NULL AND c.place IS NOT NULL AND c.in_order
                THEN 1 ELSE 0 END AS counts,
           max(CASE WHEN c.holds = 'body' AND c.begin_at IS NOT NULL AND c.in_order THEN c.end_at END) OVER (
               PARTITION BY c.run, c.person ORDER BY c.begin_at, c.begin_rank
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS body_until,
           max(coalesce(c.seen_to, c.begin_at)) OVER (
               PARTITION BY c.run, c.person, CASE WHEN c.need IS NULL THEN 1 ELSE 0 END
               ORDER BY c.known_at, c.begin_rank
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS busy_until
    FROM checked AS c
),
chained AS (
    SELECT b.*,
           CASE WHEN b.need IS NULL THEN sum(
               CASE WHEN b.need IS NULL
                     AND b.known_at <= b.busy_until + $gap
                    THEN 0 ELSE 1 END
           ) OVER (
               PARTITION BY b.run, b.person, CASE WHEN b.need IS NULL THEN 1 ELSE 0 END
               ORDER BY b.known_at, b.begin_rank
               ROWS UNBOUNDED PRECEDING
           ) ELSE 0 END AS chain
    FROM bodies AS b
)
SELECT row_number() OVER (
           ORDER BY c.run, c.person, c.known_at, c.begin_rank
       ) AS stay,
       c.run, c.person,
       dense_rank() OVER (ORDER BY c.run, c.person, coalesce(c.need, -1), c.chain) AS journey,
       c.need, c.place, c.organisation, c.setting, c.holds, c.source, c.from_place, c.to_place,
       c.referred_at, c.accepted_at, c.arrived_at, c.started_at, c.ready_at, c.end_at, c.end_kind,
       c.begin_at, c.seen_to, c.observed_to,
       CASE WHEN c.counts = 1 THEN greatest(c.begin_at, coalesce(c.body_until, c.begin_at))
            WHEN c.holds = 'caseload' AND c.in_order THEN coalesce(c.arrived_at, c.started_at)
       END AS present_from,
       CASE WHEN c.counts = 1 AND c.end_at IS NOT NULL THEN greatest(c.end_at, c.begin_at, coalesce(c.body_until, c.begin_at))
            WHEN c.holds = 'caseload' AND c.in_order THEN c.end_at
       END AS present_to,
       c.waits_for, c.reason, c.coarse = 1 AS to_the_day, c.in_order,
       CASE WHEN c.in_order AND c.end_kind <> 'lost' THEN (c.end_at - c.begin_at) / $hour END AS stay_hours,
       CASE WHEN c.in_order THEN (c.started_at - c.begin_at) / $hour END AS wait_hours,
       CASE WHEN c.in_order THEN (c.ready_at - c.started_at) / $hour END AS care_hours,
       CASE WHEN c.in_order THEN (greatest(c.seen_to, c.ready_at) - c.ready_at) / $hour END AS delay_hours,
       CASE WHEN c.in_order AND c.begin_at IS NOT NULL THEN
           (greatest(c.seen_to, c.begin_at) - c.begin_at
            - coalesce(c.started_at - c.begin_at, 0) - coalesce(c.ready_at - c.started_at, 0)
            - coalesce(greatest(c.seen_to, c.ready_at) - c.ready_at, 0)) / $hour END AS unsplit_hours,
       CAST(c.contacts AS BIGINT) AS contacts,
       c.visit_ref, c.visit_end, c.visit_arrival
FROM chained AS c
