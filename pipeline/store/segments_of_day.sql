-- what one row is: a segment of a UTC day that may hold a row of the range
-- in: :day, :from_us, :to_us
-- out: segment, ts_min, ts_max, rows
SELECT segment, ts_min, ts_max, rows FROM segment WHERE utc_day = :day AND ts_max >= :from_us AND ts_min < :to_us;
