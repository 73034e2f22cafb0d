-- Every activity of a journey in its turn, with the one that directly follows it (§31).
SELECT $carried h.journey, CAST(row_number() OVER in_journey AS INTEGER) AS turn, h.activity, h.start_at, h.end_at,
       lead(h.activity) OVER in_journey AS next_activity, lead(h.start_at) OVER in_journey AS next_at
FROM activity_times AS h
WINDOW in_journey AS (PARTITION BY h.journey ORDER BY h.start_at, h.rank)
