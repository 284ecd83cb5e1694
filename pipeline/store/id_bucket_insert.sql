-- what one row is: a bucket of a run
-- in: :bucket, :data
INSERT INTO id_bucket (bucket, data) VALUES (:bucket, :data);
