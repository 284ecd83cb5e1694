-- what one row is: the last revision of one of the newest packed days
-- in:  days (how many)
-- out: day (days since 1970-01-01), revision
select day, max(revision) as revision from revision
where day > (select max(day) from revision) - :days
group by day
order by day;
