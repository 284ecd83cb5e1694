-- what one row is: a table of a version
-- in: :version
-- out: name, digest (16 bytes)
SELECT name, digest FROM table_of_version WHERE version = :version;
