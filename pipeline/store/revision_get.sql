-- what one row is: a revision of a day, the last one for :wanted 0
-- in: :day, :wanted
-- out: revision, pack
SELECT revision, pack FROM revision WHERE day = :day AND :wanted IN (0, revision) ORDER BY revision DESC LIMIT 1;
