-- what one row is: none; the day no longer stands reduced, with any table version, but as it was closed
-- in:  day (days since 1970-01-01)
-- out: nothing
UPDATE reduced_day SET program = '' WHERE day = :day AND tables > 0;
