-- What each waiting stay waits for, by the surest way of knowing it (§35): 1 its last waits_for names it, and
-- the person has not been there and left since; 2 it waits for its own place; 3 the earliest unanswered
-- request to another place of the journey; 4 the earliest unanswered message about the person since the stay
-- began; 5 the latest care that began elsewhere since then. owed_by is the place, resource or organisation
-- whose turn that makes it.
WITH told_acted AS (
    SELECT m.source, m.kind, 2 * count(m.acted_at) >= count(*) AS tells_acted
    FROM present_messages AS m
    WHERE m.run = 0
    GROUP BY m.source, m.kind
),
messages AS (
    SELECT m.person, m.kind, m.ref, m.to_place, m.sent_at,
           CASE WHEN m.acted_at <= $at OR m.received_at <= $at AND NOT t.tells_acted THEN 1 ELSE 0 END AS is_answered
    FROM present_messages AS m
    JOIN told_acted AS t ON t.source = m.source AND t.kind = m.kind
    WHERE m.run = 0 AND m.sent_at <= $at
),
followed AS (
    SELECT m.*, max(m.is_answered) OVER (
               PARTITION BY m.person, m.kind, coalesce(m.to_place, -1) ORDER BY m.sent_at
               ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
           ) AS answered_since
    FROM messages AS m
),
open_messages AS (
    SELECT w.stay, f.kind, f.to_place, f.sent_at
    FROM waiting_now AS w
    JOIN followed AS f
        ON f.person = w.person AND f.answered_since = 0 AND (f.sent_at >= w.known_at OR f.ref = w.visit_ref)
),
been_there AS (
    SELECT DISTINCT w.stay
    FROM waiting_now AS w
    JOIN stays AS o
        ON o.run = w.run AND o.person = w.person AND o.place = w.named AND o.in_order
       AND o.end_kind IN ('left', 'moved on') AND o.end_at BETWEEN w.named_at AND $at
),
ways AS (
    SELECT w.stay, 1 AS way, w.named AS awaited, w.named AS owed_by, w.since_at AS at, 0 AS asked_stay
    FROM waiting_now AS w
    LEFT JOIN been_there AS b ON b.stay = w.stay
    WHERE w.named IS NOT NULL AND b.stay IS NULL
    UNION ALL
    SELECT w.stay, 2, w.place, w.place, w.since_at, 0
    FROM waiting_now AS w
    WHERE NOT w.is_held
    UNION ALL
    SELECT w.stay, 3, o.place, o.place, o.since_at, o.stay
    FROM waiting_now AS w
    JOIN waiting_now AS o ON o.person = w.person AND o.journey = w.journey AND o.place <> w.place AND o.is_asked
    WHERE w.is_held
    UNION ALL
    SELECT m.stay, 4, m.kind, m.to_place, m.sent_at, 0
    FROM open_messages AS m
    UNION ALL
    SELECT w.stay, 5, o.place, o.place, -coalesce(o.begin_at, o.referred_at), 0
    FROM waiting_now AS w
    JOIN stays AS o
        ON o.run = w.run AND o.person = w.person AND o.end_kind = 'open' AND o.in_order AND o.holds = 'caseload'
       AND o.ready_at IS NULL AND o.begin_at >= w.known_at
       AND (o.started_at IS NOT NULL OR o.arrived_at IS NOT NULL OR o.contacts > 0)
       AND coalesce(o.organisation, -o.place) <> coalesce(w.organisation, -w.place)
    WHERE w.is_held
),
owners AS (
    SELECT o.code, min(o.organisation) AS organisation
    FROM (
        SELECT p.place AS code, p.organisation FROM place_facts AS p WHERE p.organisation IS NOT NULL
        UNION ALL
        SELECT r.resource, r.organisation FROM present_resources AS r WHERE r.organisation IS NOT NULL
        UNION ALL
        SELECT g.organisation, g.organisation FROM present_organisations AS g
    ) AS o
    GROUP BY o.code
),
owned AS (
    SELECT y.stay, y.way, y.awaited, y.asked_stay, coalesce(n.organisation, CASE WHEN y.way = 4 THEN y.owed_by END) AS owner,
           row_number() OVER (PARTITION BY y.stay ORDER BY y.way, y.at, y.awaited) AS turn
    FROM ways AS y
    LEFT JOIN owners AS n ON n.code = y.owed_by
)
SELECT o.stay, o.way, o.awaited, o.asked_stay, o.owner, o.turn FROM owned AS o
