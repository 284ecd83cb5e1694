-- what one row is: what was remembered of a day
-- in: day
-- out: key, data
SELECT key, data FROM detect_day WHERE day = :day;
