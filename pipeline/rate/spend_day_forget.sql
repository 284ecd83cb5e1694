-- what one row is: none; the budgets' parts of the day are out of date
-- in:  day (days since 1970-01-01)
-- out: nothing
UPDATE spend_day SET basis = '' WHERE day = :day AND tables > 0;
