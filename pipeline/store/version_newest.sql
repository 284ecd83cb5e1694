-- what one row is: the newest table version, NULL when there is none
-- out: version
SELECT max(version) FROM table_version;
