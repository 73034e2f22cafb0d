-- One row for each journey: its activities in order as one list of codes, each with its turn, and from its first
-- begin to its last known end. Journeys with the same list went the same way, and have the same number ``mark``.
SELECT a.journey, $whose count(*) AS steps,
       $ordered_codes(a.turn, a.activity) AS way, CAST(sum(a.turn * a.activity) AS BIGINT) AS mark,
       (max(coalesce(a.end_at, a.start_at)) - min(a.start_at)) / $hour AS hours
FROM activities AS a
GROUP BY a.journey
