-- what one row is: the day's cost of one value
-- in:  spend
-- out: value (a dict id, 0 = absent), cost
SELECT value, cost FROM spend_key WHERE spend = :spend ORDER BY value;
