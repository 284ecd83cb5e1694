-- what one row is: the run id of a revision
-- in:  day (days since 1970-01-01), revision
-- out: run_id (text)
select run_id from revision where day = :day and revision = :revision;
