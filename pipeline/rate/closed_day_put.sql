-- what one row is: a day closed by the last act, as it was packed
-- in: day
-- out: nothing
INSERT INTO closed_day (day, closing, looked_generation, looked_tables, looked_rows)
SELECT :day, (SELECT max(closing) FROM closing WHERE day = :day), generation, tables, rows FROM pack_built WHERE day = :day;
