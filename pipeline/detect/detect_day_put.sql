-- what one row is: what is remembered of a day
-- in: day, key, data
-- out: nothing
INSERT OR REPLACE INTO detect_day (day, key, data) VALUES (:day, :key, :data);
