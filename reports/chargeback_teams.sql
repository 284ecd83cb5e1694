-- what one row is: what one team and cost centre is billed for the asked days (the sum of its days)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1: closed days as
--      they were closed); posted (0: without adjustments of closed days, 1: with them); keep (JSON of filter.h)
-- out: team, cost_center (texts), cost, shared, adjustments (exact decimal texts), billed (cents)
select team, cost_center, money_sum(cost) as cost, money_sum(shared) as shared, money_sum(adjustments) as adjustments,
    sum(billed_cents) as billed
from charge
where day between :from_day and :to_day and (day, tables) in (select day, tables from standing)
    and posted <= :posted
    and (json_type(:keep, '$.day') is null or day in (select value from json_each(:keep, '$.day')))
    and (json_type(:keep, '$.team') is null
        or (select id from dict where text = team) in (select value from json_each(:keep, '$.team')))
    and (json_type(:keep, '$.cost_center') is null
        or coalesce((select id from dict where text = cost_center), 0)
            in (select value from json_each(:keep, '$.cost_center')))
group by team, cost_center
order by 1, 2;
