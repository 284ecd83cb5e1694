-- what one row is: the revision of the day whose JSON has this digest; no row when none has
-- in:  day (days since 1970-01-01), digest (SHA-256 hex)
-- out: revision
select revision from revision where day = :day and digest = :digest order by revision desc limit 1;
