-- Every row of a log as an activity of a case, with its begin and its end (§31). An end before the begin is no end
-- (§11); an activity of which no row has an end is a moment.
SELECT $journey AS journey, CAST(r.file_row_number AS UINTEGER) AS rank, d.code AS activity, $start AS start_at,
       CASE WHEN NOT d.has_ends THEN $start WHEN $end >= $start THEN $end END AS end_at
FROM $rows AS r
JOIN dictionary AS d ON d.name = CAST(r.$activity AS VARCHAR)
$join_cases
WHERE r.$case IS NOT NULL AND $start IS NOT NULL
