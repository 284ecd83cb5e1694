-- what one row is: the first and last day that is kept; NULL when none is
-- in: nothing
-- out: first, last (days since 1970-01-01)
SELECT (SELECT min(day) FROM quota_day) AS first, (SELECT max(day) FROM quota_day) AS last;
