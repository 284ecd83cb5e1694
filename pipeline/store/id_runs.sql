-- what one row is: a run of ids, newest first
-- out: run, level, entries, buckets, place_min, place_max, filter_blocks
SELECT run, level, entries, buckets, place_min, place_max, filter_blocks FROM id_run ORDER BY run DESC;
