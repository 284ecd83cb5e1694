-- what one row is: the newest table version that a day stands reduced with; NULL: none
-- in:  day
-- out: tables
SELECT max(tables) AS tables FROM reduced_day WHERE day = :day;
