-- what one row is: a team that was charged on a day or on the day that it is compared with
-- in:  day, base (days since 1970-01-01), tables, base_tables (versions, 0: as it was closed)
-- out: team, base (cents), now (cents); the largest change first
select team, sum(case when day = :base then billed_cents else 0 end) as base,
    sum(case when day = :day then billed_cents else 0 end) as now
from charge
where (day = :day and tables = :tables) or (day = :base and tables = :base_tables)
group by team
order by abs(sum(case when day = :base then -billed_cents else billed_cents end)) desc, team;
