-- One row for each stay: its milestones, its end, where the body is counted, its journey and hours. Each is
-- known by run, person and begin_rank. What is sorted is kept narrow, for sorting costs what is carried along.
-- While somebody is away (§40) their body may arrive elsewhere, and that ends no stay; their coming back may.
WITH lives AS (
    SELECT v.run, v.person, max(v.at) AS last_at, min(CASE WHEN v.kind = 'died' THEN v.at END) AS died_at
    FROM placed_events AS v
    GROUP BY v.run, v.person
),
gone AS (
    SELECT d.run, d.person, d.begin_rank, greatest(a.from_at, d.begin_at) AS from_at, a.back_at, a.next_from_at,
           row_number() OVER (PARTITION BY d.run, d.person, d.begin_rank ORDER BY a.from_at) AS nth
    FROM away_times AS a
    JOIN visits AS d
        ON d.run = a.run AND d.person = a.person AND d.visit_end = a.visit_end AND d.visit_arrival = a.visit_arrival
       AND coalesce(d.visit_ref, -1) = coalesce(a.visit_ref, -1) AND coalesce(d.place, -1) = coalesce(a.place, -1)
    WHERE d.holds = 'body' AND d.begin_at <= a.from_at + a.slack AND d.begin_at < coalesce(a.back_at, $for_ever)
      AND a.from_at < coalesce(d.ended_at, $for_ever)
),
pieces AS (
    SELECT d.run, d.person, d.begin_rank, d.begin_at AS from_at, true AS is_first, g.from_at IS NULL AS is_last,
           CASE WHEN d.told_in_order THEN coalesce(g.from_at, d.ended_at) END AS to_at
    FROM visits AS d
    LEFT JOIN gone AS g ON g.run = d.run AND g.person = d.person AND g.begin_rank = d.begin_rank AND g.nth = 1
    WHERE d.holds = 'body' AND d.begin_at IS NOT NULL AND d.person IN (SELECT g.person FROM gone AS g)
    UNION ALL
    SELECT d.run, d.person, d.begin_rank, g.back_at, false, g.next_from_at IS NULL,
           CASE WHEN d.told_in_order THEN coalesce(g.next_from_at, d.ended_at) END
    FROM gone AS g
    JOIN visits AS d ON d.run = g.run AND d.person = g.person AND d.begin_rank = g.begin_rank
    WHERE g.back_at IS NOT NULL
),
turned AS (
    SELECT p.*, max(p.to_at) OVER (
               PARTITION BY p.run, p.person ORDER BY p.from_at, p.begin_rank
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS body_until,
           min(p.from_at) OVER (
               PARTITION BY p.run, p.person ORDER BY p.from_at, p.begin_rank
               ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
           ) AS next_begin_at
    FROM pieces AS p
),
bodies AS (
    SELECT d.run, d.person, d.begin_rank, lead(d.begin_at) OVER in_time AS next_begin_at,
           max(CASE WHEN d.told_in_order THEN d.ended_at END) OVER before_it AS body_until
    FROM visits AS d
    WHERE d.holds = 'body' AND d.begin_at IS NOT NULL AND d.person NOT IN (SELECT g.person FROM gone AS g)
    WINDOW in_time AS (PARTITION BY d.run, d.person ORDER BY d.begin_at, d.begin_rank),
           before_it AS (PARTITION BY d.run, d.person ORDER BY d.begin_at, d.begin_rank
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    UNION ALL
    SELECT t.run, t.person, t.begin_rank, max(CASE WHEN t.is_last THEN t.next_begin_at END),
           max(CASE WHEN t.is_first THEN t.body_until END)
    FROM turned AS t
    GROUP BY t.run, t.person, t.begin_rank
),
marks AS (
    SELECT d.run, d.person, d.organisation, d.begin_rank, d.begin_at, 1 AS is_frame, d.ended_at
    FROM visits AS d
    WHERE d.is_frame AND d.begin_at IS NOT NULL
    UNION ALL
    SELECT d.run, d.person, d.organisation, d.begin_rank, d.begin_at, 0, d.ended_at
    FROM visits AS d
    WHERE d.holds = 'body' AND d.begin_at IS NOT NULL AND d.person IN (SELECT f.person FROM visits AS f WHERE f.is_frame)
),
framed AS (
    SELECT m.*,
           max(CASE WHEN m.is_frame = 1 THEN m.begin_at END) OVER so_far AS frame_at,
           min(CASE WHEN m.is_frame = 0 THEN m.begin_at END) OVER after_it AS held_at
    FROM marks AS m
    WINDOW so_far AS (PARTITION BY m.run, m.person, m.organisation ORDER BY m.begin_at, m.is_frame DESC, m.begin_rank
                      ROWS UNBOUNDED PRECEDING),
           after_it AS (PARTITION BY m.run, m.person, m.organisation ORDER BY m.begin_at, m.is_frame DESC, m.begin_rank
                        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
spells AS (
    SELECT f.run, f.person, f.organisation, f.begin_at, min(f.ended_at) AS ended_at
    FROM framed AS f
    WHERE f.is_frame = 1
    GROUP BY f.run, f.person, f.organisation, f.begin_at
),
around AS (
    SELECT b.run, b.person, b.begin_rank, b.is_frame = 1 AND b.held_at <= coalesce(b.ended_at, $for_ever) AS is_frame,
           CASE WHEN b.is_frame = 0 AND b.begin_at <= f.ended_at THEN f.ended_at END AS frame_ended_at
    FROM framed AS b
    LEFT JOIN spells AS f
        ON f.run = b.run AND f.person = b.person AND f.organisation = b.organisation AND f.begin_at = b.frame_at
),
followed AS (
    SELECT d.*, l.died_at, b.next_begin_at, b.body_until, coalesce(a.is_frame, false) AS frames, a.frame_ended_at,
           CASE WHEN $is_shared THEN coalesce($as_of_or_null, e.last_at, l.last_at)
                ELSE l.last_at END AS observed_to
    FROM visits AS d
    JOIN lives AS l ON l.run = d.run AND l.person = d.person
    LEFT JOIN bodies AS b ON b.run = d.run AND b.person = d.person AND b.begin_rank = d.begin_rank
    LEFT JOIN around AS a ON a.run = d.run AND a.person = d.person AND a.begin_rank = d.begin_rank
    LEFT JOIN observed_ends AS e ON e.run = d.run
),
ended AS (
    SELECT f.*,
           CASE WHEN f.ended_at IS NOT NULL THEN f.ended_kind
                WHEN f.frame_ended_at <= coalesce(f.next_begin_at, f.frame_ended_at)
                THEN CASE WHEN f.died_at <= f.frame_ended_at THEN 'died' ELSE 'discharged' END
                WHEN f.next_begin_at <= f.last_at + $gap THEN 'moved on'
                WHEN f.next_begin_at IS NOT NULL THEN 'lost'
                WHEN f.died_at IS NOT NULL THEN 'died'
                ELSE 'open' END AS end_kind
    FROM followed AS f
),
closed AS (
    SELECT e.*,
           CASE e.end_kind WHEN 'moved on' THEN e.next_begin_at WHEN 'lost' THEN e.last_at
                WHEN 'discharged' THEN e.frame_ended_at
                WHEN 'open' THEN NULL WHEN 'died' THEN coalesce(e.ended_at, e.died_at)
                ELSE e.ended_at END AS end_at
    FROM ended AS e
),
checked AS (
    SELECT c.*, coalesce(c.end_at, greatest(c.observed_to, c.begin_at)) AS seen_to,
           c.told_in_order AND coalesce(c.ready_at, c.started_at, c.arrived_at, c.accepted_at, c.referred_at, $always)
               <= coalesce(c.end_at, $for_ever) AS in_order
    FROM closed AS c
),
busy AS (
    SELECT c.run, c.person, c.begin_rank, c.known_at, c.need, row_number() OVER (
               PARTITION BY c.run, c.person ORDER BY c.known_at, c.begin_rank
           ) AS turn,
           max(CASE WHEN c.need IS NULL THEN coalesce(c.seen_to, c.begin_at) END) OVER (
               PARTITION BY c.run, c.person ORDER BY c.known_at, c.begin_rank
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS busy_until
    FROM checked AS c
),
lists AS (
    SELECT b.run, b.person, count(*) AS stays FROM busy AS b GROUP BY b.run, b.person
),
offsets AS (
    SELECT l.run, l.person,
           sum(l.stays) OVER (ORDER BY l.run, l.person ROWS UNBOUNDED PRECEDING) - l.stays AS stays_before
    FROM lists AS l
),
counting AS (
    SELECT b.run, b.person, b.begin_rank, b.need, o.stays_before + b.turn AS stay,
           b.need IS NULL AND (b.busy_until IS NULL OR b.known_at > b.busy_until + $gap) AS begins
    FROM busy AS b
    JOIN offsets AS o ON o.run = b.run AND o.person = b.person
),
needs AS (
    SELECT t.run, t.person, t.need, min(t.stay) AS journey
    FROM counting AS t
    WHERE t.need IS NOT NULL
    GROUP BY t.run, t.person, t.need
),
numbered AS (
    SELECT t.run, t.person, t.begin_rank, t.stay, max(CASE WHEN t.begins THEN t.stay END) OVER (
               PARTITION BY t.run, t.person ORDER BY t.stay ROWS UNBOUNDED PRECEDING
           ) AS journey
    FROM counting AS t
    WHERE t.need IS NULL
    UNION ALL
    SELECT t.run, t.person, t.begin_rank, t.stay, n.journey
    FROM counting AS t
    JOIN needs AS n ON n.run = t.run AND n.person = t.person AND n.need = t.need
),
counted AS (
    SELECT c.*, CAST(n.stay AS BIGINT) AS stay, CAST(n.journey AS BIGINT) AS journey,
           c.holds = 'body' AND c.begin_at IS NOT NULL AND c.place IS NOT NULL AND c.in_order AS counts
    FROM checked AS c
    JOIN numbered AS n ON n.run = c.run AND n.person = c.person AND n.begin_rank = c.begin_rank
)
SELECT c.stay, c.run, c.person, c.journey,
       c.need, c.place, c.organisation, c.setting, c.holds, c.frames, c.source, c.from_place, c.to_place,
       c.referred_at, c.accepted_at, c.arrived_at, c.started_at, c.ready_at, c.end_at, c.end_kind,
       c.begin_at, c.seen_to, c.observed_to,
       CASE WHEN c.counts THEN greatest(c.begin_at, coalesce(c.body_until, c.begin_at))
            WHEN c.holds <> 'body' AND c.in_order THEN coalesce(c.arrived_at, c.started_at)
       END AS present_from,
       CASE WHEN c.counts AND c.end_at IS NOT NULL THEN greatest(c.end_at, c.begin_at, coalesce(c.body_until, c.begin_at))
            WHEN c.holds <> 'body' AND c.in_order THEN c.end_at
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
       c.visit_ref, c.visit_end, c.visit_arrival, c.begin_coarse = 1 AS begin_to_the_day, c.end_coarse = 1 AS end_to_the_day
FROM counted AS c
