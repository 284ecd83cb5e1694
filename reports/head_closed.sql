-- what one row is: the asked days that are closed and whose events or prices have changed since, together (exactly one row)
-- in:  from_day, to_day (inclusive), tables (a version), closed (0)
-- out: days, first_day, last_day, revision (null when none; revision: of the last one)
select count(*) as days, min(d.day) as first_day, max(d.day) as last_day, max(c.revision) as revision
from standing cross join closed_day d on d.day = standing.day
    join closing c on c.closing = d.closing
    join reduced_day was on was.day = d.day and was.tables = 0
    join reduced_day now on now.day = d.day and now.tables = standing.tables
where now.generation <> was.generation or now.cost <> was.cost or now.billed <> was.billed;
