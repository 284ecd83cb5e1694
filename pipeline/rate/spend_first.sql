-- what one row is: the first day with reduced usage; NULL: none
-- in: nothing
-- out: day
SELECT min(day) AS day FROM usage_cell;
