-- what one row is: a closed day whose workbook says so
-- in: day
-- out: nothing
UPDATE closed_day SET stamped = 1 WHERE day = :day;
