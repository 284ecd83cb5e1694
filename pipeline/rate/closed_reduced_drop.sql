-- what one row is: a reduced day and table version that is no longer told
-- in: day, tables
-- out: nothing
DELETE FROM reduced_day WHERE day = :day AND tables = :tables;
