-- what one row is: an id with several payloads
-- in: :id (16 bytes)
-- out: ts_min, ts_max of all of them
SELECT ts_min, ts_max FROM id_span WHERE id = :id;
