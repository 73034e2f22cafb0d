-- One row for each journey: its span, what happened in it and what was recorded of waiting.
WITH happened AS (
    SELECT t.journey, min(t.at) AS from_at, max(t.at) AS to_at, count(*) AS events,
           sum(CASE WHEN t.kind = 'contact' THEN 1 ELSE 0 END) AS contacts
    FROM steps AS t
    WHERE t.journey IS NOT NULL
    GROUP BY t.journey
),
stayed AS (
    SELECT s.journey, min(s.run) AS run, min(s.person) AS person, min(s.need) AS need,
           max(CASE WHEN s.end_at IS NULL THEN 1 ELSE 0 END) AS open_stays, count(*) AS stays,
           count(DISTINCT s.place) AS places, count(DISTINCT s.organisation) AS organisations,
           coalesce(sum(s.wait_hours), 0) AS wait_hours, coalesce(sum(s.delay_hours), 0) AS delay_hours,
           $first_by(s.place, s.stay) AS first_place, $last_by(s.place, s.stay) AS last_place
    FROM stays AS s
    GROUP BY s.journey
)
SELECT s.journey, s.run, s.person, s.need, h.from_at, h.to_at, s.open_stays = 1 AS is_open,
       (h.to_at - h.from_at) / $hour AS hours, s.stays, s.places, s.organisations,
       CAST(h.contacts AS BIGINT) AS contacts, h.events, s.wait_hours, s.delay_hours,
       s.first_place, s.last_place
FROM stayed AS s
JOIN happened AS h ON h.journey = s.journey
