-- what one row is: a run that was merged
-- in: :run
DELETE FROM id_run WHERE run = :run;
