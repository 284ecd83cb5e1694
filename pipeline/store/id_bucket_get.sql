-- what one row is: a bucket of a run
-- in: :bucket
-- out: data
SELECT data FROM id_bucket WHERE bucket = :bucket;
