-- what one row is: a day whose events are dropped and that takes no more
-- in: :before_day
UPDATE utc_day SET pruned = 1 WHERE utc_day < :before_day;
