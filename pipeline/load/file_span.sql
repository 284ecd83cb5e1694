-- what one row is: the first and the last quarter-hour of a file's lines
-- in: :file
-- out: the two, NULL when it has none
SELECT min(quarter), max(quarter) FROM file_quarter WHERE file = :file;
