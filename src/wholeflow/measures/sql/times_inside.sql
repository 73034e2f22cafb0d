-- Stays of some settings, those of a person that touch or overlap numbered as one time inside (§20).
SELECT i.*, sum(CASE WHEN i.here_at <= i.inside_until THEN 0 ELSE 1 END) OVER (
           PARTITION BY i.run, i.person ORDER BY i.here_at, i.stay ROWS UNBOUNDED PRECEDING
       ) AS time_inside
FROM (
    SELECT t.*, max(t.seen_to) OVER (
               PARTITION BY t.run, t.person ORDER BY t.here_at, t.stay
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS inside_until
    FROM (
        SELECT h.*, coalesce(h.arrived_at, h.started_at) AS here_at
        FROM $stays AS h
        WHERE coalesce(h.arrived_at, h.started_at) IS NOT NULL AND h.in_order
    ) AS t
    WHERE $kept
) AS i
