-- what one row is: the cost of a local hour
-- in:  spend
-- out: hour_us, cost
SELECT hour_us, cost FROM spend_hour WHERE spend = :spend ORDER BY hour_us;
