-- what one row is: a closed day that becomes open
-- in: day
-- out: nothing
DELETE FROM closed_day WHERE day = :day;
