-- Stretches of journeys (§36) with what is known of the stay that each belongs to, from when their records are
-- complete, where that is marked (§28): of a stretch that belongs to no stay, or to several, those of all its journey.
SELECT t.run, t.person, t.journey, t.part, t.place, t.organisation, t.from_at AS begin_at,
       greatest(t.from_at, coalesce(CASE WHEN t.stay IS NULL THEN j.complete_at ELSE s.complete_at END, t.from_at))
           AS present_from,
       t.to_at AS present_to, CAST(NULL AS BIGINT) AS complete_at, s.source, s.from_place, s.to_place, s.reason,
       s.waits_for, coalesce(s.setting, 'not recorded') AS setting, coalesce(s.holds, 'not recorded') AS holds,
       coalesce(s.end_kind, 'not recorded') AS end_kind,
       CASE WHEN t.to_at <= CASE WHEN t.stay IS NULL THEN j.complete_at ELSE s.complete_at END THEN $early
            ELSE '' END AS why
FROM stretches AS t
LEFT JOIN $stays AS s ON s.stay = t.stay
LEFT JOIN (
    SELECT o.journey, max(o.complete_at) AS complete_at FROM $stays AS o GROUP BY o.journey
) AS j ON j.journey = t.journey
