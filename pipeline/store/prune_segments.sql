-- what one row is: a dropped segment
-- in: :before_day
DELETE FROM segment WHERE utc_day < :before_day;
