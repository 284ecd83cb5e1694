-- what one row is: what a pack said
-- in: :day, :revision, :run_id, :tables, :written_us, :digest, :pack
INSERT INTO revision (day, revision, run_id, tables, written_us, digest, pack)
VALUES (:day, :revision, :run_id, :tables, :written_us, :digest, :pack);
