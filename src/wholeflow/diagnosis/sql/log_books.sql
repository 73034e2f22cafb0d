-- How many rows of a log can't be used, by the first reason that each has.
SELECT count(CASE WHEN r.$case IS NULL THEN 1 END) AS "rows without a case",
       count(CASE WHEN r.$case IS NOT NULL AND r.$activity IS NULL THEN 1 END) AS "rows without an activity",
       count(CASE WHEN r.$case IS NOT NULL AND r.$activity IS NOT NULL AND $start IS NULL THEN 1 END)
           AS "rows whose start is no time"
FROM $rows AS r
