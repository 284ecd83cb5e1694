-- what one row is: a day reduced with a table version, written anew
-- in: day, tables, zone, generation, program, total_mismatch, id_reused (events), cost, billed (money text)
-- out: nothing
INSERT OR REPLACE INTO reduced_day (day, tables, zone, generation, program, total_mismatch, id_reused, cost, billed)
VALUES (:day, :tables, :zone, :generation, :program, :total_mismatch, :id_reused, :cost, :billed);
