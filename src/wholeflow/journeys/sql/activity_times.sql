-- Every activity that a journey names, with its begin and its end (§31). Where the milestones of a stay name one
-- activity only, the last of them that begins something lasts to the end of the stay, if that is recorded; an
-- event of that name which ends the stay is this end. Any other activity is a moment. Where some of an activity
-- have an end, it is unknown for those without.
WITH single AS (
    SELECT t.stay, min(t.activity) AS activity, max(CASE WHEN k.ends THEN NULL ELSE t.rank END) AS rank
    FROM steps AS t
    JOIN kinds AS k ON k.kind = t.kind
    WHERE t.stay IS NOT NULL AND k.stage IS NOT NULL AND t.activity IS NOT NULL
    GROUP BY t.stay
    HAVING min(t.activity) = max(t.activity)
),
lasting AS (
    SELECT i.stay, i.activity, i.rank,
           CASE WHEN s.in_order AND s.end_kind NOT IN ('open', 'lost', 'moved on') THEN s.end_at END AS end_at
    FROM single AS i
    JOIN stays AS s ON s.stay = i.stay
    WHERE i.rank IS NOT NULL
),
ending AS (
    SELECT DISTINCT l.activity FROM lasting AS l WHERE l.end_at IS NOT NULL
)
SELECT t.run, t.person, t.journey, t.rank, t.activity, t.place, t.at AS start_at,
       CASE WHEN l.rank IS NULL OR l.rank <> t.rank OR e.activity IS NULL THEN t.at ELSE l.end_at END AS end_at
FROM steps AS t
JOIN kinds AS k ON k.kind = t.kind
LEFT JOIN lasting AS l ON l.stay = t.stay AND l.activity = t.activity
LEFT JOIN ending AS e ON e.activity = l.activity
WHERE t.journey IS NOT NULL AND t.activity IS NOT NULL
  AND NOT (k.ends AND l.rank IS NOT NULL AND l.rank < t.rank)
