-- what one row is: a budget's part of a day, as it is kept
-- in:  day, tables, what
-- out: spend, basis
SELECT spend, basis FROM spend_day WHERE day = :day AND tables = :tables AND what = :what;
