-- what one row is: a bucket of a run that was merged
-- in: :first, :last (not included)
DELETE FROM id_bucket WHERE bucket >= :first AND bucket < :last;
