-- what one row is: a day closed by the last act, as it was packed
-- in: day
-- out: nothing
INSERT INTO closed_day (day, closing, looked_generation, looked_tables, looked_rows, looked_unbilled)
SELECT :day, (SELECT max(closing) FROM closing WHERE day = :day), generation, tables, rows, unbilled FROM pack_built WHERE day = :day;
