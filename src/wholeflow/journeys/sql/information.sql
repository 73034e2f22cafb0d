-- One row for each message, with the handoff that it travelled with (§37): of the person's handoffs to whom it was
-- sent (a place, an organisation or a kind of setting), the first that was not over when it was sent, nor the
-- person there for more than $late. Where the day of coming is all that is known, a message of that day came then.
-- A message that neither a handoff nor its ref ties to a journey is of the one that began last before it and ended no more than $gap earlier.
WITH sent AS (
    SELECT m.run, m.person, m.id, m.part, m.kind, m.status, m.ref, m.from_place, m.to_place, m.received_at, m.acted_at,
           coalesce(m.sent_at, m.received_at, m.acted_at) AS at, m.sent_at
    FROM present_messages AS m
),
led AS (
    SELECT h.handoff, h.run, h.person, h.journey, h.came_at, h.to_place, h.to_organisation, f.begin_at AS from_at,
           least(t.seen_to, h.came_at + $late) + CASE WHEN t.begin_to_the_day OR t.end_to_the_day THEN $day ELSE 0 END AS over_at, t.setting,
           CASE WHEN t.begin_to_the_day OR t.end_to_the_day THEN $day ELSE 0 END AS slack
    FROM handoffs AS h
    JOIN stays AS f ON f.stay = h.from_stay
    JOIN stays AS t ON t.stay = h.to_stay
    WHERE h.person IN (SELECT s.person FROM sent AS s)
),
named AS (
    SELECT l.handoff, l.run, l.person, l.over_at, l.to_place AS name FROM led AS l WHERE l.to_place IS NOT NULL
    UNION
    SELECT l.handoff, l.run, l.person, l.over_at, l.to_organisation FROM led AS l WHERE l.to_organisation IS NOT NULL
    UNION
    SELECT l.handoff, l.run, l.person, l.over_at, d.code FROM led AS l JOIN dictionary AS d ON d.name = l.setting
),
marks AS (
    SELECT n.run, n.person, n.name, n.over_at AS at, 1 AS leads, n.handoff AS id, 0 AS part FROM named AS n
    UNION ALL
    SELECT s.run, s.person, s.to_place, s.at, 0, s.id, s.part FROM sent AS s WHERE s.to_place IS NOT NULL
),
turned AS (
    SELECT m.*, sum(m.leads) OVER (
               PARTITION BY m.run, m.person, m.name ORDER BY m.at DESC, m.leads DESC, m.id DESC ROWS UNBOUNDED PRECEDING
           ) AS turn
    FROM marks AS m
),
matched AS (
    SELECT t.run, t.id, t.part, l.handoff, l.journey, l.came_at, l.slack
    FROM turned AS t
    JOIN turned AS n
        ON n.leads = 1 AND n.run = t.run AND n.person = t.person AND n.name = t.name AND n.turn = t.turn
    JOIN led AS l ON l.handoff = n.id AND l.from_at <= t.at
    WHERE t.leads = 0
),
tied AS (
    SELECT v.run, v.person, v.visit_ref, min(v.journey) AS journey
    FROM stays AS v
    WHERE v.visit_ref IN (SELECT s.ref FROM sent AS s)
    GROUP BY v.run, v.person, v.visit_ref
),
spans AS (
    SELECT v.run, v.person, v.journey, min(v.begin_at) AS from_at, max(v.seen_to) AS to_at
    FROM stays AS v
    WHERE v.person IN (SELECT s.person FROM sent AS s)
    GROUP BY v.run, v.person, v.journey
),
begun AS (
    SELECT p.*, row_number() OVER (PARTITION BY p.run, p.person ORDER BY p.from_at, p.journey) AS turn
    FROM spans AS p
    WHERE p.from_at IS NOT NULL
),
moments AS (
    SELECT b.run, b.person, b.from_at AS at, 0 AS is_message, b.turn, CAST(NULL AS BIGINT) AS id, NULL AS part FROM begun AS b
    UNION ALL
    SELECT s.run, s.person, s.at, 1, NULL, s.id, s.part FROM sent AS s
),
turns AS (
    SELECT o.*, max(o.turn) OVER (
               PARTITION BY o.run, o.person ORDER BY o.at, o.is_message, o.turn ROWS UNBOUNDED PRECEDING
           ) AS last_turn
    FROM moments AS o
),
during AS (
    SELECT t.run, t.id, t.part, b.journey
    FROM turns AS t
    JOIN begun AS b ON b.run = t.run AND b.person = t.person AND b.turn = t.last_turn AND t.at <= b.to_at + $gap
    WHERE t.is_message = 1
)
SELECT s.run, s.person, coalesce(m.journey, r.journey, d.journey) AS journey, m.handoff, s.kind, s.status, s.from_place, s.to_place, s.sent_at, s.received_at,
       s.acted_at, row_number() OVER (
           PARTITION BY s.run, s.person, s.kind, s.to_place, coalesce(s.ref, -m.handoff, -1),
                        CASE WHEN s.ref IS NULL AND m.handoff IS NULL THEN s.at ELSE 0 END
           ORDER BY s.at, s.id, s.part
       ) AS nth,
       CASE WHEN s.received_at IS NULL AND s.acted_at IS NULL THEN 'not received'
            WHEN m.handoff IS NULL THEN 'no handoff'
            WHEN m.came_at IS NULL OR coalesce(s.received_at, s.acted_at) <= m.came_at THEN 'before'
            WHEN coalesce(s.received_at, s.acted_at) < m.came_at + m.slack THEN 'same day'
            ELSE 'after' END AS came,
       (coalesce(s.received_at, s.acted_at) - s.sent_at) / $hour AS travel_hours,
       (coalesce(s.received_at, s.acted_at) - m.came_at) / $hour AS after_hours
FROM sent AS s
LEFT JOIN matched AS m ON m.run = s.run AND m.id = s.id AND m.part = s.part
LEFT JOIN tied AS r ON r.run = s.run AND r.person = s.person AND r.visit_ref = s.ref
LEFT JOIN during AS d ON d.run = s.run AND d.id = s.id AND d.part = s.part
