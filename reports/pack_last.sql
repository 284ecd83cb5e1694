-- what one row is: the last revision of the day; no row when there is none
-- in:  day (days since 1970-01-01)
-- out: revision, digest (SHA-256 hex of its JSON)
select revision, digest from revision where day = :day order by revision desc limit 1;
