-- what one row is: a closed day, before the given one, that may have to be held against what it was closed with
-- in: before_day
-- out: day, looked_generation, looked_tables, looked_rows (digest), of its pack: generation, tables, rows, zone, currency; looked_unbilled, unbilled of its pack (texts)
SELECT c.day, c.looked_generation, c.looked_tables, c.looked_rows, b.generation, b.tables, b.rows, b.zone, b.currency,
       c.looked_unbilled, b.unbilled
FROM closed_day c JOIN pack_built b ON b.day = c.day
WHERE c.day < :before_day ORDER BY c.day;
