-- what one row is: the price table of a version
-- in:  tables (a version)
-- out: path (as it was configured then), digest (32 hex digits of its text)
select path, lower(hex(digest)) as digest from table_of_version where version = :tables and name = 'prices';
