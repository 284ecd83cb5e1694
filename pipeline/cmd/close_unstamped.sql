-- what one row is: a closed day whose workbook does not say so: its closing was killed in between
-- in: none
-- out: day
SELECT day FROM closed_day WHERE stamped = 0 ORDER BY day;
