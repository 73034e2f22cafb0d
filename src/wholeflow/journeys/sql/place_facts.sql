-- One row for each place that events name, declared or not; of several declarations the
-- one of the source that comes first by name counts. A frame is a list for hospital spells: beside it stand
-- the stays on wards that a spell is made of.
WITH declared AS (
    SELECT p.place, p.setting, p.organisation, p.holds, p.inside,
           row_number() OVER (PARTITION BY p.place ORDER BY s.name, p.id) AS choice
    FROM present_places AS p
    JOIN dictionary AS s ON s.code = p.source
),
named AS (
    SELECT DISTINCT e.place FROM present_events AS e WHERE e.place IS NOT NULL
    UNION
    SELECT d.place FROM declared AS d
)
SELECT n.place, d.organisation, coalesce(d.setting, 'other') AS setting,
       coalesce(d.holds, 'body') AS holds, coalesce(d.inside, true) AS inside,
       d.place IS NOT NULL AS is_declared,
       coalesce(d.setting = 'hospital' AND d.holds = 'caseload', false) AS is_frame
FROM named AS n
LEFT JOIN declared AS d ON d.place = n.place AND d.choice = 1
