-- When each feed that tells of people was last heard of by $at: its last event, message or recording.
WITH heard AS (
    SELECT e.source, max(e.at) AS heard_at
    FROM present_events AS e
    WHERE e.run = 0 AND e.at <= $at
    GROUP BY e.source
    UNION ALL
    SELECT m.source, max(greatest(
               CASE WHEN m.sent_at <= $at THEN m.sent_at ELSE $always END,
               CASE WHEN m.received_at <= $at THEN m.received_at ELSE $always END,
               CASE WHEN m.acted_at <= $at THEN m.acted_at ELSE $always END))
    FROM present_messages AS m
    WHERE m.run = 0
    GROUP BY m.source
),
recorded AS (
    SELECT r.source, max(r.recorded_at) AS heard_at
    FROM records AS r
    WHERE r.run = 0 AND r.recorded_at <= $at
    GROUP BY r.source
)
SELECT d.name AS feed, max(greatest(h.heard_at, coalesce(r.heard_at, h.heard_at))) AS heard_at
FROM heard AS h
LEFT JOIN recorded AS r ON r.source = h.source
JOIN dictionary AS d ON d.code = h.source
GROUP BY d.name
HAVING max(h.heard_at) > $always
ORDER BY heard_at, feed
