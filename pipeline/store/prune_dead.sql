-- what one row is: the superseded rows of a dropped segment
-- in: :before_day
DELETE FROM segment_dead WHERE segment IN (SELECT segment FROM segment WHERE utc_day < :before_day);
