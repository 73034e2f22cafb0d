-- The activities that a log names, with a code each, and whether any of them has an end.
SELECT CAST(row_number() OVER (ORDER BY n.name) AS INTEGER) AS code, n.name, n.has_ends
FROM (
    SELECT CAST(r.$activity AS VARCHAR) AS name, count($end) > 0 AS has_ends
    FROM $rows AS r
    WHERE r.$activity IS NOT NULL
    GROUP BY 1
) AS n
