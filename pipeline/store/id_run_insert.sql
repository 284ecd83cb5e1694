-- what one row is: a run of ids
-- in: :run, :level, :entries, :buckets, :place_min, :place_max, :filter_blocks
INSERT INTO id_run (run, level, entries, buckets, place_min, place_max, filter_blocks)
VALUES (:run, :level, :entries, :buckets, :place_min, :place_max, :filter_blocks);
