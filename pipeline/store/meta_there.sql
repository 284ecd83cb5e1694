-- what one row is: whether the file has the table that tollbook databases have
-- out: 0 or 1
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta';
