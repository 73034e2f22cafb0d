-- A number for each case of a log.
SELECT CAST(row_number() OVER () AS INTEGER) AS journey, n.name
FROM (SELECT DISTINCT r.$case AS name FROM $rows AS r WHERE r.$case IS NOT NULL) AS n
