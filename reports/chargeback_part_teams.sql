-- what one row is: the cost of the kept usage of one team and cost centre, where the filter leaves only a part of teams
-- (cents are made for whole teams, so that a part has none: billed is null)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1); keep (JSON of
--      filter.h)
-- out: team, cost_center (texts), cost (exact decimal text), shared, adjustments ('0'), billed (null)
select text_of(team) as team, text_of(cost_center) as cost_center, money_sum(cost) as cost, '0' as shared,
    '0' as adjustments, null as billed
from kept
group by kept.team, kept.cost_center
order by 1, 2;
