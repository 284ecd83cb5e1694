-- what one row is: the last revision of a day
-- in: :day
-- out: revision, digest (SHA-256 of its pack, hex)
SELECT revision, digest FROM revision WHERE day = :day ORDER BY revision DESC LIMIT 1;
