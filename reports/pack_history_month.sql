-- what one row is: a team and cost centre of the given days
-- in:  days (JSON list of [day, version], version 0: as it was closed), ascending
-- out: team, cost_center (texts, null = none), gl_account, owner (texts of the latest day that has them), billed (cents)
with day_of(day, tables) as (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:days)),
    line as materialized (select s.* from day_of d cross join charge s on s.day = d.day and s.tables = d.tables)
select team, cost_center,
    (select gl_account from line l where l.team = line.team and l.cost_center is line.cost_center and gl_account is not null
        order by l.day desc limit 1) as gl_account,
    (select owner from line l where l.team = line.team and l.cost_center is line.cost_center and owner is not null
        order by l.day desc limit 1) as owner,
    sum(billed_cents) as billed
from line
group by team, cost_center
order by 1, 2;
