-- what one row is: a budget's part of a day
-- in:  day, tables, what, basis
-- out: nothing
INSERT INTO spend_day (day, tables, what, basis) VALUES (:day, :tables, :what, :basis);
