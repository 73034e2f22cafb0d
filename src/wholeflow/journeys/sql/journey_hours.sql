-- Where the hours of each journey went (§36): the parts add up to the time that it took.
SELECT t.journey, min(t.run) AS run, min(t.person) AS person, sum(t.to_at - t.from_at) / $hour AS hours,
       sum(CASE WHEN t.part = 'waiting' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS waiting_hours,
       sum(CASE WHEN t.part = 'care' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS care_hours,
       sum(CASE WHEN t.part = 'delay' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS delay_hours,
       sum(CASE WHEN t.part = 'travelling' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS travelling_hours,
       sum(CASE WHEN t.part = 'unsplit' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS unsplit_hours,
       sum(CASE WHEN t.part = 'unknown' THEN t.to_at - t.from_at ELSE 0 END) / $hour AS unknown_hours
FROM stretches AS t
GROUP BY t.journey
