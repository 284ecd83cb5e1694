-- what one row is: the asked days whose events are pruned, and which are told with another table version than the asked one,
--     together (exactly one row)
-- in:  from_day, to_day (inclusive), tables (a version)
-- out: days, first_day, last_day (null when none), first_tables, last_tables (the least and the greatest of their versions)
select count(*) as days, min(day) as first_day, max(day) as last_day, min(tables) as first_tables, max(tables) as last_tables
from pruned_day
where day between :from_day and :to_day and tables <> :tables;
