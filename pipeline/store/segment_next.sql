-- what one row is: the next segment behind (:day, :segment) that may hold a row of the range
-- in: :day, :segment, :last_day (UTC), :from_us, :to_us
-- out: utc_day, segment
SELECT utc_day, segment FROM segment
WHERE (utc_day, segment) > (:day, :segment) AND utc_day >= :from_us / 86400000000 AND utc_day <= :last_day
    AND ts_max >= :from_us AND ts_min < :to_us
ORDER BY utc_day, segment LIMIT 1;
