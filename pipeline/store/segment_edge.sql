-- what one row is: a segment that may hold a row of the range, those that begin first before the others; with :last those that end last
-- in: :from_day, :to_day (UTC), :from_us, :to_us, :last
-- out: segment, ts_min, ts_max
SELECT segment, ts_min, ts_max FROM segment
WHERE utc_day BETWEEN :from_day AND :to_day AND ts_max >= :from_us AND ts_min < :to_us
ORDER BY CASE WHEN :last THEN -ts_max ELSE ts_min END;
