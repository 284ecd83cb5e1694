-- what one row is: the newest day that has a pack (exactly one row)
-- in:  nothing
-- out: day (days since 1970-01-01; null = none yet)
select max(day) as day from pack_built;
