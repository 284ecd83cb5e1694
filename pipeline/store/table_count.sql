-- what one row is: how many tables the file has
-- out: count
SELECT count(*) FROM sqlite_schema WHERE type = 'table';
