-- what one row is: a packed day up to last_day that nobody ever closed or reopened
-- in: last_day
-- out: day
SELECT day FROM pack_built WHERE day <= :last_day AND day NOT IN (SELECT day FROM closing) ORDER BY day;
