-- what one row is: a segment
-- in: :segment, :utc_day, :file, :rows, :ts_min, :ts_max (microseconds)
INSERT INTO segment (segment, utc_day, file, rows, ts_min, ts_max) VALUES (:segment, :utc_day, :file, :rows, :ts_min, :ts_max);
