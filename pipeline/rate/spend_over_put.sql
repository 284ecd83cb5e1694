-- what one row is: a stretch over an hour limit
-- in:  spend, level, start_us, end_us, peak, excess
-- out: nothing
INSERT INTO spend_over (spend, level, start_us, end_us, peak, excess)
VALUES (:spend, :level, :start_us, :end_us, :peak, :excess);
