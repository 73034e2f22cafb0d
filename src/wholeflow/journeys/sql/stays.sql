-- One row for each stay: its milestones, its end, where the body is counted, its journey and hours.
WITH lives AS (
    SELECT v.run, v.person, max(v.at) AS last_at, min(CASE WHEN v.kind = 'died' THEN v.at END) AS died_at
    FROM placed_events AS v
    GROUP BY v.run, v.person
),
followed AS (
    SELECT d.*, l.died_at,
           CASE WHEN $is_shared THEN coalesce($as_of_or_null, e.last_at, l.last_at)
                ELSE l.last_at END AS observed_to,
           CASE WHEN d.holds = 'body' THEN lead(d.begin_at) OVER (
               PARTITION BY d.run, d.person, d.holds, CASE WHEN d.begin_at IS NULL THEN 1 ELSE 0 END
               ORDER BY d.begin_at, d.begin_rank
           ) END AS next_begin_at
    FROM visits AS d
    JOIN lives AS l ON l.run = d.run AND l.person = d.person
    LEFT JOIN observed_ends AS e ON e.run = d.run
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
