-- what one row is: none; takes out what is kept of a budget's part of a day
-- in:  spend
-- out: nothing
DELETE FROM spend_day WHERE spend = :spend;
