-- what one row is: a segment, with the source of its file (NULL while the file is being loaded) and its superseded rows
-- in: :segment
-- out: utc_day, file, rows, ts_min, ts_max, source, dead (NULL = none), bitmap
SELECT s.utc_day, s.file, s.rows, s.ts_min, s.ts_max, f.source, d.dead, d.bitmap
FROM segment s LEFT JOIN file f ON f.file = s.file LEFT JOIN segment_dead d ON d.segment = s.segment
WHERE s.segment = :segment;
