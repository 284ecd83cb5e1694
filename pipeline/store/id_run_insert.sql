-- what one row is: a run of ids
-- in: :run, :level, :entries, :buckets, :place_min, :place_max
INSERT INTO id_run (run, level, entries, buckets, place_min, place_max)
VALUES (:run, :level, :entries, :buckets, :place_min, :place_max);
