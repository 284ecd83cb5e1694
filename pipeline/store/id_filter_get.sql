-- what one row is: a part of a run's filter
-- in: :part
-- out: data
SELECT data FROM id_filter WHERE part = :part;
