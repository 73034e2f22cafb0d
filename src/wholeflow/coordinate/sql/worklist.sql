-- The waits of $at with names, each with where the body is, the feed that would tell of its end, and the
-- last thing heard of the person.
WITH bodies AS (
    SELECT s.person, s.place, row_number() OVER (PARTITION BY s.person ORDER BY s.begin_at DESC, s.stay) AS turn
    FROM stays AS s
    WHERE s.run = 0 AND s.end_kind = 'open' AND s.in_order AND s.holds = 'body' AND s.begin_at IS NOT NULL
),
tellers AS (
    SELECT e.place, e.ends, e.source, row_number() OVER (
               PARTITION BY e.place, e.ends ORDER BY count(*) DESC, e.source
           ) AS turn
    FROM placed_events AS e
    WHERE e.run = 0 AND e.at <= $at AND (e.ends = 1 OR e.kind IN ('accepted', 'arrived', 'started', 'contact'))
    GROUP BY e.place, e.ends, e.source
),
heard AS (
    SELECT e.person, e.at, e.place, coalesce(e.activity, e.reason) AS activity, e.kind,
           row_number() OVER (PARTITION BY e.person ORDER BY e.rank DESC) AS turn
    FROM placed_events AS e
    WHERE e.run = 0 AND e.at <= $at AND e.person IN (SELECT w.person FROM waiting_now AS w)
)
SELECT w.stay, w.person, w.state, p.name AS place, o.name AS organisation, b.name AS body_place,
       w.since_at, w.to_the_day, r.name AS reason, f.name AS feed,
       h.at AS last_at, q.name AS last_place, coalesce(a.name, h.kind) AS last_activity
FROM waiting_now AS w
LEFT JOIN bodies AS y ON y.person = w.person AND y.turn = 1
LEFT JOIN tellers AS t ON t.place = w.place AND t.turn = 1 AND t.ends = CASE WHEN w.is_held THEN 1 ELSE 0 END
LEFT JOIN heard AS h ON h.person = w.person AND h.turn = 1
LEFT JOIN dictionary AS p ON p.code = w.place
LEFT JOIN dictionary AS o ON o.code = w.organisation
LEFT JOIN dictionary AS b ON b.code = y.place
LEFT JOIN dictionary AS r ON r.code = w.told_reason
LEFT JOIN dictionary AS f ON f.code = coalesce(t.source, w.source)
LEFT JOIN dictionary AS q ON q.code = h.place
LEFT JOIN dictionary AS a ON a.code = h.activity
ORDER BY w.stay
