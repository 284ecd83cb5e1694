-- what one row is: whether a stored line (event, duplicate or conflict) falls in a civil day, to the quarter-hour, or an adjustment
--     of a closed day is charged to it
-- in: :day, :from_us, :to_us
-- out: 0 or 1
SELECT EXISTS (SELECT 1 FROM file_quarter WHERE quarter >= :from_us / 900000000 AND quarter < (:to_us + 899999999) / 900000000)
    OR EXISTS (SELECT 1 FROM adjustment WHERE posted_day = :day);
