-- what one row is: the day as it stands reduced with this table version, and from what; no row when it is not
-- in: day (days since 1970-01-01), tables
-- out: zone, generation, program
SELECT zone, generation, program FROM reduced_day WHERE day = :day AND tables = :tables;
