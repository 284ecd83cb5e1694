-- what one row is: a reduced day as it is closed (version 0), copied from the version it was packed with
-- in: day, tables
-- out: nothing
INSERT INTO reduced_day (day, tables, zone, generation, program, total_mismatch, id_reused, cost, billed)
SELECT day, 0, zone, generation, program, total_mismatch, id_reused, cost, billed
FROM reduced_day WHERE day = :day AND tables = :tables;
