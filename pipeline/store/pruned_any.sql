-- what one row is: whether a day was ever pruned
-- out: 0 or 1
SELECT EXISTS (SELECT 1 FROM utc_day WHERE pruned <> 0);
