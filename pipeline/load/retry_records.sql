-- what one row is: a rejected record of a file, but for those of pruned days
-- in: :file
-- out: line, byte, part
SELECT line, byte, part FROM reject WHERE file = :file AND reason <> 'pruned_day' ORDER BY line, byte, part;
