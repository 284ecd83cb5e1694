-- what one row is: none; a pruned day stands with this table version, unless it does with another
-- in: day, tables
-- out: none
INSERT OR IGNORE INTO pruned_day (day, tables) VALUES (:day, :tables);
