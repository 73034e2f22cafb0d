-- Every event in its person's order (§4) and with the visit that it belongs to: events with a ref by
-- that ref and place; others by place, a new visit after each end and at each further arrival. An
-- event without a place is where its ref is first placed, else where the body last arrived and still is; so is
-- what a hospital spell around other stays tells of being ready and waiting, in its own organisation (§3).
-- What is ordered is kept narrow, for sorting costs what is carried along; the words are joined at the end.
WITH staged AS (
    SELECT e.run, e.person, e.at, e.source, e.id, e.part, e.place, e.ref, coalesce(e.sequence, 0) AS sequence, k.turn,
           CASE WHEN k.ends THEN 1 ELSE 0 END AS ends,
           CASE WHEN k.stage IS NOT NULL AND NOT k.ends THEN e.at END AS goes_on_at,
           CASE WHEN e.kind = 'arrived' THEN 1 ELSE 0 END AS arrives,
           CASE WHEN e.kind = 'arrived' AND p.holds = 'body' THEN 1 ELSE 0 END AS body_arrives,
           CASE WHEN coalesce(p.holds, 'body') = 'body' THEN 1 ELSE 0 END AS is_body,
           CASE e.kind WHEN 'ready' THEN 1 WHEN 'started' THEN 2 ELSE 0 END AS within,
           CASE WHEN e.place IS NULL THEN 1 WHEN p.is_frame AND e.kind IN ('ready', 'waits_for') THEN 2 ELSE 0 END AS roams,
           CASE e.precision WHEN 'day' THEN $day - 1 WHEN 'month' THEN $month - 1 ELSE 0 END AS slack
    FROM present_events AS e
    JOIN kinds AS k ON k.kind = e.kind
    LEFT JOIN place_facts AS p ON p.place = e.place
),
spans AS (
    SELECT s.run, s.person, s.ref, coalesce(s.place, -1) AS place, min(s.goes_on_at) AS first_at,
           min(CASE WHEN s.arrives = 1 THEN s.at END) AS arrived_at, min(CASE WHEN s.ends = 1 THEN s.at END) AS ended_at
    FROM staged AS s
    WHERE s.ref IS NOT NULL
    GROUP BY s.run, s.person, s.ref, coalesce(s.place, -1)
),
bodies AS (
    SELECT s.*, max(CASE WHEN s.body_arrives = 1 THEN s.at END) OVER (
               PARTITION BY s.run, s.person ORDER BY s.at RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS body_before
    FROM staged AS s
    WHERE s.ref IS NULL
       OR s.body_arrives = 1 AND s.person IN (SELECT l.person FROM staged AS l WHERE l.ref IS NULL)
),
opened AS (
    SELECT s.run, s.person, s.at, s.source, s.id, s.part, s.place, s.ref, s.sequence, s.turn, s.ends, s.arrives,
           s.body_arrives, s.within, s.roams, s.slack, p.first_at < s.at AND (coalesce(p.ended_at, s.at) >= s.at OR p.ended_at < p.first_at) AS is_open,
           CASE WHEN p.arrived_at = s.at THEN 1 ELSE 0 END AS arrives_now
    FROM staged AS s
    JOIN spans AS p
        ON p.run = s.run AND p.person = s.person AND p.ref = s.ref AND p.place = coalesce(s.place, -1)
    UNION ALL
    SELECT s.run, s.person, s.at, s.source, s.id, s.part, s.place, s.ref, s.sequence, s.turn, s.ends, s.arrives,
           s.body_arrives, s.within, s.roams, s.slack,
           (coalesce(sum(s.arrives - s.ends) OVER before_now, 0) > 0
           OR coalesce(max(s.goes_on_at) OVER before_now, $always)
              > coalesce(max(CASE WHEN s.ends = 1 THEN s.at END) OVER before_now, $always))
           AND NOT (s.is_body = 1 AND coalesce(s.body_before, $always)
                    > coalesce(max(CASE WHEN s.arrives = 1 THEN s.at END) OVER before_now, $for_ever)),
           sum(s.arrives) OVER (
               PARTITION BY s.run, s.person, s.place ORDER BY s.at RANGE BETWEEN CURRENT ROW AND CURRENT ROW
           )
    FROM bodies AS s
    WHERE s.ref IS NULL
    WINDOW before_now AS (
        PARTITION BY s.run, s.person, s.place ORDER BY s.at
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
classed AS (
    SELECT o.*,
           CASE WHEN o.is_open AND o.within = 1 THEN 0
                WHEN o.is_open AND o.within = 2 AND o.arrives_now = 0 THEN 0
                WHEN o.ends = 1 AND (o.is_open OR o.place IS NULL) THEN 1
                ELSE 2 END AS class
    FROM opened AS o
),
ranked AS (
    SELECT c.run, c.person, c.at, c.source, c.id, c.part, c.place, c.ref, c.ends, c.arrives, c.body_arrives,
           c.roams, c.slack, row_number() OVER (
               PARTITION BY c.run, c.person ORDER BY c.at, c.sequence, c.class, c.turn, c.id, c.part
           ) AS rank
    FROM classed AS c
),
sought AS (
    SELECT r.*, max(CASE WHEN r.body_arrives = 1 THEN r.rank END) OVER (
               PARTITION BY r.run, r.person
               ORDER BY r.at + CASE WHEN r.roams > 0 THEN r.slack ELSE 0 END,
                        CASE WHEN r.roams > 0 AND r.slack > 0 THEN $for_ever ELSE r.rank END
               ROWS UNBOUNDED PRECEDING
           ) AS body_rank
    FROM ranked AS r
    WHERE r.roams > 0 OR r.body_arrives = 1 AND r.person IN (SELECT o.person FROM ranked AS o WHERE o.roams > 0)
),
firsts AS (
    SELECT r.run, r.person, r.ref, $first_by(r.place, r.rank) AS place
    FROM ranked AS r
    WHERE r.place IS NOT NULL AND r.ref IN (SELECT o.ref FROM sought AS o WHERE o.roams = 1)
    GROUP BY r.run, r.person, r.ref
),
found AS (
    SELECT o.run, o.person, o.source, o.id, o.part, o.rank, o.ends, o.arrives,
           o.roams = 1 AND o.ref IS NOT NULL AS is_placed,
           CASE WHEN o.roams = 1 THEN coalesce(o.ref, b.ref) ELSE b.ref END AS visit_ref,
           CASE WHEN o.roams = 1 THEN coalesce(f.place, b.place) ELSE b.place END AS place,
           CASE WHEN o.roams = 2 THEN o.ref END AS own_ref, CASE WHEN o.roams = 2 THEN o.place END AS own_place
    FROM sought AS o
    LEFT JOIN firsts AS f ON f.run = o.run AND f.person = o.person AND f.ref = o.ref
    LEFT JOIN ranked AS b ON b.run = o.run AND b.person = o.person AND b.rank = o.body_rank
    LEFT JOIN place_facts AS op ON op.place = o.place
    LEFT JOIN place_facts AS bp ON bp.place = b.place
    LEFT JOIN spans AS bs ON bs.run = b.run AND bs.person = b.person AND bs.ref = b.ref AND bs.place = b.place
    LEFT JOIN spans AS os ON os.run = o.run AND os.person = o.person AND os.ref = o.ref AND os.place = o.place
    WHERE o.roams = 1
       OR o.roams = 2 AND bp.organisation = op.organisation
          AND (bs.ended_at IS NULL OR bs.ended_at > o.at + o.slack OR bs.ended_at >= os.ended_at)
),
located AS (
    SELECT r.run, r.person, r.source, r.id, r.part, r.rank, r.ends, r.arrives, true AS is_placed,
           r.ref AS visit_ref, r.place, CAST(NULL AS BIGINT) AS own_ref, CAST(NULL AS INTEGER) AS own_place
    FROM ranked AS r
    LEFT JOIN found AS f
        ON f.run = r.run AND f.person = r.person AND f.rank = r.rank
    WHERE r.place IS NOT NULL AND f.rank IS NULL
    UNION ALL
    SELECT f.* FROM found AS f
),
closed AS (
    SELECT l.*, coalesce(sum(l.ends) OVER (
               PARTITION BY l.run, l.person, l.visit_ref, l.place
               ORDER BY l.rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) AS ends_before
    FROM located AS l
    WHERE l.visit_ref IS NULL OR l.visit_ref IN (SELECT f.visit_ref FROM found AS f WHERE NOT f.is_placed)
),
visited AS (
    SELECT l.run, l.person, l.source, l.id, l.part, l.rank, l.is_placed, l.visit_ref, l.place,
           0 AS visit_end, 0 AS visit_arrival
    FROM located AS l
    WHERE l.visit_ref IS NOT NULL
      AND (l.visit_ref NOT IN (SELECT f.visit_ref FROM found AS f WHERE NOT f.is_placed AND f.visit_ref IS NOT NULL))
    UNION ALL
    SELECT c.run, c.person, c.source, c.id, c.part, c.rank, c.is_placed OR c.own_place IS NOT NULL,
           CASE WHEN c.is_placed OR c.ends_before = 0 THEN c.visit_ref ELSE c.own_ref END,
           CASE WHEN c.is_placed OR c.ends_before = 0 THEN c.place ELSE c.own_place END,
           CAST(CASE WHEN c.visit_ref IS NULL THEN c.ends_before ELSE 0 END AS INTEGER),
           CAST(CASE WHEN c.visit_ref IS NULL THEN greatest(1, sum(c.arrives) OVER (
               PARTITION BY c.run, c.person, c.visit_ref, c.place, c.ends_before
               ORDER BY c.rank ROWS UNBOUNDED PRECEDING
           )) ELSE 0 END AS INTEGER)
    FROM closed AS c
)
SELECT v.run, v.person, v.rank, v.id, v.part, v.source, e.at, e.kind, k.stage,
       CASE WHEN k.ends THEN 1 ELSE 0 END AS ends, e.precision,
       CASE e.precision WHEN 'day' THEN $day - 1 WHEN 'month' THEN $month - 1 ELSE 0 END AS slack,
       e.activity, e.need, e.from_place, e.to_place, e.team, e.waits_for, e.reason, v.visit_ref, v.place,
       v.is_placed, v.visit_end, v.visit_arrival
FROM visited AS v
JOIN present_events AS e ON e.id = v.id AND e.part = v.part AND e.source = v.source AND e.run = v.run
JOIN kinds AS k ON k.kind = e.kind
