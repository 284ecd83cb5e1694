-- what one row is: nothing; preparing it makes SQLite know usage_event's columns
-- in: none
-- out: no row
SELECT day FROM usage_event WHERE day = '';
