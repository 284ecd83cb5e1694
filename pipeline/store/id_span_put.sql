-- what one row is: an id with several payloads
-- in: :id (16 bytes), :ts_min, :ts_max of all of them
INSERT INTO id_span (id, ts_min, ts_max) VALUES (:id, :ts_min, :ts_max)
ON CONFLICT (id) DO UPDATE SET ts_min = excluded.ts_min, ts_max = excluded.ts_max;
