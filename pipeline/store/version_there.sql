-- what one row is: a table version
-- in: :version
-- out: version
SELECT version FROM table_version WHERE version = :version;
