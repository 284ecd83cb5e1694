-- what one row is: the first UTC day with an event; none when there is no event
-- out: utc_day
SELECT s.utc_day FROM segment s LEFT JOIN segment_dead d ON d.segment = s.segment
WHERE d.dead IS NULL OR d.dead < s.rows
ORDER BY s.utc_day, s.segment LIMIT 1;
