-- what one row is: a closed day that was held against what it was closed with
-- in: day, generation, tables, rows (digest), unbilled (text)
-- out: nothing
UPDATE closed_day SET looked_generation = :generation, looked_tables = :tables, looked_rows = :rows, looked_unbilled = :unbilled
WHERE day = :day;
