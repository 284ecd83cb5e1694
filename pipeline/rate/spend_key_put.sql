-- what one row is: the day's cost of one value
-- in:  spend, at (a dict id, 0 = absent), cost
-- out: nothing
INSERT INTO spend_key (spend, value, cost) VALUES (:spend, :at, :cost);
