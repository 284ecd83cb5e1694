-- what one row is: the number of the newest run, NULL when there is none
-- out: run
SELECT max(run) FROM id_run;
