-- what one row is: a run of ids, newest first
-- out: run, level, entries, buckets, place_min, place_max
SELECT run, level, entries, buckets, place_min, place_max FROM id_run ORDER BY run DESC;
