-- what one row is: a row of the day and table version, which are to be written anew
-- in: day, tables
-- out: nothing
DELETE FROM settlement WHERE day = :day AND tables = :tables;
