-- what one row is: a stretch over an hour limit
-- in:  spend
-- out: level, start_us, end_us, peak, excess
SELECT level, start_us, end_us, peak, excess FROM spend_over WHERE spend = :spend ORDER BY start_us, level;
