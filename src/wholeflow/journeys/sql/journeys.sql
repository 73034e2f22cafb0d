-- One row for each journey: its span and what happened in it. It spans its stays, those in an impossible order apart
-- (§36); where all of them are, its events.
WITH happened AS (
    SELECT t.journey, min(t.at) AS from_at, max(t.at) AS to_at, count(*) AS events,
           sum(CASE WHEN t.kind = 'contact' THEN 1 ELSE 0 END) AS contacts
    FROM steps AS t
    WHERE t.journey IS NOT NULL
    GROUP BY t.journey
),
met AS (
    SELECT t.journey, count(DISTINCT t.team) AS teams
    FROM steps AS t
    WHERE t.journey IS NOT NULL AND t.team IS NOT NULL
    GROUP BY t.journey
),
stayed AS (
    SELECT s.journey, min(s.run) AS run, min(s.person) AS person, min(s.need) AS need,
           max(CASE WHEN s.end_at IS NULL THEN 1 ELSE 0 END) AS open_stays,
           sum(CASE WHEN s.frames THEN 0 ELSE 1 END) AS stays,
           count(DISTINCT CASE WHEN NOT s.frames THEN s.place END) AS places,
           count(DISTINCT s.organisation) AS organisations,
           min(CASE WHEN s.in_order AND s.begin_at IS NOT NULL
                    THEN least(coalesce(s.referred_at, s.accepted_at, s.begin_at), s.begin_at) END) AS begin_at,
           max(CASE WHEN s.in_order AND s.begin_at IS NOT NULL THEN coalesce(s.end_at, greatest(s.seen_to, s.begin_at))
               END) AS over_at,
           $first_by(s.place, CASE WHEN NOT s.frames THEN s.stay END) AS first_place,
           $last_by(s.place, CASE WHEN NOT s.frames THEN s.stay END) AS last_place
    FROM stays AS s
    GROUP BY s.journey
),
handed AS (
    SELECT h.journey, count(*) AS handoffs, sum(CASE WHEN h.is_move THEN 1 ELSE 0 END) AS moves
    FROM handoffs AS h
    GROUP BY h.journey
),
retold AS (
    SELECT r.journey, count(*) AS retellings
    FROM (SELECT b.journey FROM bounces AS b
          UNION ALL
          SELECT i.journey FROM information AS i WHERE i.nth > 1 AND i.journey IS NOT NULL) AS r
    GROUP BY r.journey
),
decided AS (
    SELECT i.journey, count(*) AS decisions
    FROM information AS i
    JOIN dictionary AS d ON d.code = i.kind
    WHERE d.name = 'decision' AND i.nth = 1
    GROUP BY i.journey
)
SELECT s.journey, s.run, s.person, s.need, coalesce(s.begin_at, h.from_at) AS from_at,
       coalesce(s.over_at, h.to_at) AS to_at, s.open_stays = 1 AS is_open, (coalesce(s.over_at, h.to_at) - coalesce(s.begin_at, h.from_at)) / $hour AS hours, CAST(s.stays AS BIGINT) AS stays, s.places, s.organisations,
       CAST(coalesce(m.moves, 0) AS BIGINT) AS moves, coalesce(m.handoffs, 0) AS handoffs,
       coalesce(r.retellings, 0) AS retellings, CAST(h.contacts AS BIGINT) AS contacts, coalesce(e.teams, 0) AS teams,
       coalesce(d.decisions, 0) AS decisions, h.events, s.first_place, s.last_place
FROM stayed AS s
JOIN happened AS h ON h.journey = s.journey
LEFT JOIN handed AS m ON m.journey = s.journey
LEFT JOIN retold AS r ON r.journey = s.journey
LEFT JOIN decided AS d ON d.journey = s.journey
LEFT JOIN met AS e ON e.journey = s.journey
