-- what one row is: a day whose events were dropped
-- out: utc_day, ascending
SELECT utc_day FROM utc_day WHERE pruned <> 0 ORDER BY utc_day;
