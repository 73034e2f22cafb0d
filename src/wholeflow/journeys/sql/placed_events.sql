-- Every event in its person's order (§4) and with the visit that it belongs to: events with a ref by
-- that ref and place; others by place, a new visit after each end and at each further arrival. An
-- event without a place is where its ref is first placed, else where the body last arrived and still is (§3).
WITH staged AS (
    SELECT e.id, e.part, e.source, e.run, e.person, e.at, e.kind, e.place, e.sequence, e.precision,
           e.activity, e.ref, e.need, e.from_place, e.to_place, e.team, e.waits_for, e.reason,
           k.stage, k.turn, CASE WHEN k.ends THEN 1 ELSE 0 END AS ends,
           CASE WHEN e.kind = 'arrived' THEN 1 ELSE 0 END AS arrives,
           CASE WHEN e.kind = 'arrived' AND p.holds = 'body' THEN 1 ELSE 0 END AS body_arrives,
           coalesce(p.holds, 'body') AS holds
    FROM present_events AS e
    JOIN kinds AS k ON k.kind = e.kind
    LEFT JOIN place_facts AS p ON p.place = e.place
),
opened AS (
    SELECT s.*,
           (coalesce(sum(s.arrives - s.ends) OVER before_now, 0) > 0
           OR coalesce(max(CASE WHEN s.ends = 0 AND s.stage IS NOT NULL THEN s.at END) OVER before_now, $always)
              > coalesce(max(CASE WHEN s.ends = 1 THEN s.at END) OVER before_now, $always))
           AND NOT (s.holds = 'body' AND
                    coalesce(max(CASE WHEN s.body_arrives = 1 THEN s.at END) OVER body_before, $always)
                    > coalesce(max(CASE WHEN s.arrives = 1 THEN s.at END) OVER before_now, $for_ever)) AS is_open,
           sum(s.arrives) OVER (PARTITION BY s.run, s.person, s.ref, s.place, s.at) AS arrives_now
    FROM staged AS s
    WINDOW before_now AS (
        PARTITION BY s.run, s.person, s.ref, s.place ORDER BY s.at
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), body_before AS (
        PARTITION BY s.run, s.person ORDER BY s.at
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
ranked AS (
    SELECT o.*,
           row_number() OVER (
               PARTITION BY o.run, o.person
               ORDER BY o.at, coalesce(o.sequence, 0),
                        CASE WHEN o.is_open AND o.kind = 'ready' THEN 0
                             WHEN o.is_open AND o.kind = 'started' AND o.arrives_now = 0 THEN 0
                             WHEN o.ends = 1 AND (o.is_open OR o.place IS NULL) THEN 1
                             ELSE 2 END,
                        o.turn, o.id, o.part
           ) AS rank
    FROM opened AS o
),
counted AS (
    SELECT r.*,
           sum(r.body_arrives) OVER (
               PARTITION BY r.run, r.person ORDER BY r.rank ROWS UNBOUNDED PRECEDING
           ) AS body_arrival
    FROM ranked AS r
),
located AS (
    SELECT c.*,
           coalesce(c.ref, CASE WHEN c.place IS NULL
                                THEN max(CASE WHEN c.body_arrives = 1 THEN c.ref END) OVER arrival END) AS visit_ref,
           max(CASE WHEN c.body_arrives = 1 THEN c.place END) OVER arrival AS body_place,
           min(CASE WHEN c.ref IS NOT NULL AND c.place IS NOT NULL THEN c.rank END) OVER (
               PARTITION BY c.run, c.person, c.ref
           ) AS ref_place_rank
    FROM counted AS c
    WINDOW arrival AS (PARTITION BY c.run, c.person, c.body_arrival)
),
referred AS (
    SELECT l.*,
           coalesce(l.place,
                    max(CASE WHEN l.ref IS NOT NULL AND l.rank = l.ref_place_rank THEN l.place END) OVER (
                        PARTITION BY l.run, l.person, l.ref
                    ),
                    l.body_place) AS stay_place
    FROM located AS l
),
closed AS (
    SELECT r.*,
           coalesce(sum(r.ends) OVER (
               PARTITION BY r.run, r.person, r.visit_ref, r.stay_place
               ORDER BY r.rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) AS ends_before
    FROM referred AS r
),
here AS (
    SELECT c.*, c.place IS NOT NULL OR c.ref IS NOT NULL OR c.ends_before = 0 AS is_here
    FROM closed AS c
)
SELECT c.run, c.person, c.rank, c.id, c.part, c.source, c.at, c.kind, c.stage, c.ends, c.precision,
       CASE c.precision WHEN 'day' THEN $day - 1 WHEN 'month' THEN $month - 1 ELSE 0 END AS slack,
       c.activity, c.need, c.from_place, c.to_place, c.team, c.waits_for, c.reason,
       CASE WHEN c.is_here THEN c.visit_ref END AS visit_ref, CASE WHEN c.is_here THEN c.stay_place END AS place,
       c.place IS NOT NULL OR c.ref IS NOT NULL AS is_placed,
       CASE WHEN c.visit_ref IS NULL THEN c.ends_before ELSE 0 END AS visit_end,
       CASE WHEN c.visit_ref IS NULL THEN greatest(1, sum(CASE WHEN c.kind = 'arrived' THEN 1 ELSE 0 END) OVER (
           PARTITION BY c.run, c.person, c.visit_ref, c.stay_place, c.ends_before
           ORDER BY c.rank ROWS UNBOUNDED PRECEDING
       )) ELSE 0 END AS visit_arrival
FROM here AS c
