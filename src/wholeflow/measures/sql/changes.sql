-- When the number of people of each group changes and by how much (§17): from when their records are complete,
-- where that is marked (§28). known_from: from when the group is observed.
WITH here AS (
    SELECT $select t.run, greatest(t.present_from, coalesce(t.complete_at, t.present_from)) AS from_at,
           t.present_to AS to_at, coalesce(t.complete_at, t.present_from) AS known_from
    FROM $rows AS t
    $joins
    WHERE t.why = '' AND $kept
),
changes AS (
    SELECT h.*, h.from_at AS at, 1 AS net FROM here AS h WHERE h.from_at < $last
    UNION ALL
    SELECT h.*, h.to_at AS at, -1 AS net FROM here AS h WHERE h.to_at < $last
)
SELECT $groups c.at AS at, CAST(sum(c.net) AS BIGINT) AS net, min(c.known_from) AS known_from
FROM changes AS c
GROUP BY $groups c.at
ORDER BY $groups c.at
