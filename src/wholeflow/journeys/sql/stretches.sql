-- Each journey cut at every change of what the person's time was (§36): one row for each stretch, and they fill the
-- journey from its begin to its end without gap or overlap. What is true of several stays at once goes to the first
-- of: in a place; on the way to the next; away from one that is kept (nobody knows where); waiting for one; on a list; in a hospital spell of which no ward is known.
WITH timed AS (
    SELECT s.stay, s.run, s.person, s.journey, s.holds, s.frames, s.seen_to, s.arrived_at, s.started_at, s.ready_at,
           coalesce(s.referred_at, s.accepted_at) AS asked_at,
           s.begin_at, coalesce(s.end_at, greatest(s.seen_to, s.begin_at)) AS over_at
    FROM stays AS s
    WHERE s.in_order AND s.begin_at IS NOT NULL
),
there AS (
    SELECT t.stay, t.run, t.person, t.journey, t.started_at, t.ready_at, p.from_at AS here_at,
           coalesce(p.to_at, greatest(t.seen_to, p.from_at)) AS gone_at
    FROM timed AS t
    JOIN presences AS p ON p.stay = t.stay
    WHERE t.holds = 'body'
),
phases AS (
    SELECT t.stay, t.run, t.person, t.journey, 'waits here' AS what, t.here_at AS from_at,
           least(t.started_at, t.gone_at) AS to_at
    FROM there AS t
    WHERE t.started_at IS NOT NULL
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'care here', greatest(t.started_at, t.here_at), least(t.ready_at, t.gone_at)
    FROM there AS t
    WHERE t.started_at IS NOT NULL AND t.ready_at IS NOT NULL
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'delay here', greatest(t.ready_at, t.here_at), t.gone_at
    FROM there AS t
    WHERE t.ready_at IS NOT NULL
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'unsplit here', greatest(coalesce(t.started_at, t.here_at), t.here_at),
           least(coalesce(t.ready_at, t.gone_at), t.gone_at)
    FROM there AS t
    WHERE t.started_at IS NULL OR t.ready_at IS NULL
    UNION ALL
    SELECT a.stay, a.run, a.person, a.journey, 'away', a.from_at, coalesce(a.to_at, t.over_at)
    FROM absences AS a
    JOIN timed AS t ON t.stay = a.stay AND t.holds = 'body'
    UNION ALL
    SELECT h.to_stay, h.run, h.person, h.journey, 'travels', f.over_at, t.begin_at
    FROM handoffs AS h
    JOIN timed AS f ON f.stay = h.from_stay AND f.holds = 'body'
    JOIN timed AS t ON t.stay = h.to_stay AND t.holds = 'body'
    WHERE t.begin_at - f.over_at <= $direct
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'waits for', t.asked_at, t.begin_at
    FROM timed AS t
    WHERE t.holds = 'body'
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'waits for', t.begin_at, coalesce(t.started_at, t.arrived_at, t.over_at)
    FROM timed AS t
    WHERE t.holds <> 'body' AND NOT t.frames AND (t.started_at IS NOT NULL OR t.ready_at IS NULL) AND t.asked_at IS NOT NULL
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'delay on list', t.ready_at, t.over_at
    FROM timed AS t
    WHERE t.holds <> 'body' AND NOT t.frames
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'care on list', t.started_at, t.ready_at
    FROM timed AS t
    WHERE t.holds <> 'body' AND NOT t.frames
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'unsplit on list', coalesce(t.started_at, t.begin_at),
           coalesce(t.ready_at, t.over_at)
    FROM timed AS t
    WHERE t.holds <> 'body' AND NOT t.frames AND (t.started_at IS NULL OR t.ready_at IS NULL)
    UNION ALL
    SELECT t.stay, t.run, t.person, t.journey, 'in spell', t.begin_at, t.over_at
    FROM timed AS t
    WHERE t.frames
),
marks AS (
    SELECT p.run, p.person, p.journey, p.what, p.stay, p.from_at AS at, 1 AS turns
    FROM phases AS p
    WHERE p.from_at < p.to_at
    UNION ALL
    SELECT p.run, p.person, p.journey, p.what, p.stay, p.to_at, -1
    FROM phases AS p
    WHERE p.from_at < p.to_at
    UNION ALL
    SELECT t.run, t.person, t.journey, 'begins', 0, min(least(t.asked_at, t.begin_at)), 0
    FROM timed AS t
    GROUP BY t.run, t.person, t.journey
    UNION ALL
    SELECT t.run, t.person, t.journey, 'ends', 0, max(t.over_at), 0
    FROM timed AS t
    GROUP BY t.run, t.person, t.journey
),
changes AS (
    SELECT m.run, m.person, m.journey, m.at,
           sum(CASE WHEN m.what = 'waits here' THEN m.turns ELSE 0 END) AS waits_here,
           sum(CASE WHEN m.what = 'care here' THEN m.turns ELSE 0 END) AS care_here,
           sum(CASE WHEN m.what = 'delay here' THEN m.turns ELSE 0 END) AS delay_here,
           sum(CASE WHEN m.what = 'unsplit here' THEN m.turns ELSE 0 END) AS unsplit_here,
           sum(CASE WHEN m.what = 'travels' THEN m.turns ELSE 0 END) AS travels,
           sum(CASE WHEN m.what = 'away' THEN m.turns ELSE 0 END) AS away,
           sum(CASE WHEN m.what = 'waits for' THEN m.turns ELSE 0 END) AS waits_for,
           sum(CASE WHEN m.what = 'delay on list' THEN m.turns ELSE 0 END) AS delay_on_list,
           sum(CASE WHEN m.what = 'care on list' THEN m.turns ELSE 0 END) AS care_on_list,
           sum(CASE WHEN m.what = 'unsplit on list' THEN m.turns ELSE 0 END) AS unsplit_on_list,
           sum(CASE WHEN m.what = 'in spell' THEN m.turns ELSE 0 END) AS in_spell,
           sum(CASE WHEN m.what IN ('waits here', 'care here', 'delay here', 'unsplit here') THEN m.turns * m.stay
                    ELSE 0 END) AS stay_here,
           sum(CASE WHEN m.what = 'away' THEN m.turns * m.stay ELSE 0 END) AS stay_away,
           sum(CASE WHEN m.what = 'waits for' THEN m.turns * m.stay ELSE 0 END) AS stay_waits_for,
           sum(CASE WHEN m.what IN ('delay on list', 'care on list', 'unsplit on list') THEN m.turns * m.stay
                    ELSE 0 END) AS stay_on_list
    FROM marks AS m
    GROUP BY m.run, m.person, m.journey, m.at
),
running AS (
    SELECT c.run, c.person, c.journey, c.at AS from_at, lead(c.at) OVER in_time AS to_at,
           sum(c.waits_here) OVER so_far AS waits_here,
           sum(c.care_here) OVER so_far AS care_here,
           sum(c.delay_here) OVER so_far AS delay_here,
           sum(c.unsplit_here) OVER so_far AS unsplit_here,
           sum(c.travels) OVER so_far AS travels,
           sum(c.away) OVER so_far AS away,
           sum(c.waits_for) OVER so_far AS waits_for,
           sum(c.delay_on_list) OVER so_far AS delay_on_list,
           sum(c.care_on_list) OVER so_far AS care_on_list,
           sum(c.unsplit_on_list) OVER so_far AS unsplit_on_list,
           sum(c.in_spell) OVER so_far AS in_spell,
           sum(c.stay_here) OVER so_far AS stay_here,
           sum(c.stay_away) OVER so_far AS stay_away,
           sum(c.stay_waits_for) OVER so_far AS stay_waits_for,
           sum(c.stay_on_list) OVER so_far AS stay_on_list
    FROM changes AS c
    WINDOW in_time AS (PARTITION BY c.run, c.person, c.journey ORDER BY c.at),
           so_far AS (PARTITION BY c.run, c.person, c.journey ORDER BY c.at ROWS UNBOUNDED PRECEDING)
),
told AS (
    SELECT r.run, r.person, r.journey, r.from_at, r.to_at,
           CASE WHEN r.waits_here > 0 THEN 'waiting' WHEN r.care_here > 0 THEN 'care' WHEN r.delay_here > 0 THEN 'delay'
                WHEN r.unsplit_here > 0 THEN 'unsplit' WHEN r.travels > 0 THEN 'travelling'
                WHEN r.away > 0 THEN 'unknown' WHEN r.waits_for > 0 THEN 'waiting' WHEN r.delay_on_list > 0 THEN 'delay'
                WHEN r.care_on_list > 0 THEN 'care' WHEN r.unsplit_on_list > 0 OR r.in_spell > 0 THEN 'unsplit'
                ELSE 'unknown' END AS part,
           r.waits_here + r.care_here + r.delay_here + r.unsplit_here > 0 AS in_place,
           CASE WHEN r.waits_here + r.care_here + r.delay_here + r.unsplit_here = 1 THEN r.stay_here
                WHEN r.waits_here + r.care_here + r.delay_here + r.unsplit_here = 0 AND r.travels = 0 THEN
                    CASE WHEN r.away > 0 THEN CASE WHEN r.away = 1 THEN r.stay_away END
                         WHEN r.waits_for = 1 THEN r.stay_waits_for
                         WHEN r.waits_for = 0 AND r.delay_on_list + r.care_on_list + r.unsplit_on_list = 1
                         THEN r.stay_on_list END
           END AS stay
    FROM running AS r
    WHERE r.to_at IS NOT NULL
)
SELECT t.run, t.person, t.journey, t.from_at, t.to_at, t.part, t.in_place, CAST(t.stay AS BIGINT) AS stay, s.place,
       s.organisation, (t.to_at - t.from_at) / $hour AS hours
FROM told AS t
LEFT JOIN stays AS s ON s.stay = t.stay
