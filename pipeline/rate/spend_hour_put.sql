-- what one row is: the cost of a local hour
-- in:  spend, at (us), cost
-- out: nothing
INSERT INTO spend_hour (spend, hour_us, cost) VALUES (:spend, :at, :cost);
