-- what one row is: the cost of the kept usage of one team and cost centre, where the filter leaves only a part of teams
-- (cents are made for whole teams, so that a part has none: billed is null)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); keep (JSON of filter.h)
-- out: team, cost_center (texts), cost (exact decimal text), shared, adjustments ('0'), billed (null)
select text_of(team) as team, text_of(cost_center) as cost_center, money_sum(cost) as cost, '0' as shared,
    '0' as adjustments, null as billed
from usage_cell
where day between :from_day and :to_day and tables = :tables
    and source in (select value from json_each(:keep, '$.source'))
    and (json_type(:keep, '$.day') is null or day in (select value from json_each(:keep, '$.day')))
    and (json_type(:keep, '$.hour') is null
        or coalesce(hour_us, 0) in (select value from json_each(:keep, '$.hour')))
    and (json_type(:keep, '$.node') is null
        or coalesce(node, 0) in (select value from json_each(:keep, '$.node')))
    and (json_type(:keep, '$.consumer') is null
        or coalesce(consumer, 0) in (select value from json_each(:keep, '$.consumer')))
    and (json_type(:keep, '$.team') is null
        or coalesce(team, 0) in (select value from json_each(:keep, '$.team')))
    and (json_type(:keep, '$.cost_center') is null
        or coalesce(cost_center, 0) in (select value from json_each(:keep, '$.cost_center')))
    and (json_type(:keep, '$.provider') is null
        or coalesce(provider, 0) in (select value from json_each(:keep, '$.provider')))
    and (json_type(:keep, '$.model') is null
        or coalesce(model, 0) in (select value from json_each(:keep, '$.model')))
    and (json_type(:keep, '$.feature') is null
        or coalesce(feature, 0) in (select value from json_each(:keep, '$.feature')))
    and (json_type(:keep, '$.variant') is null
        or coalesce(variant, 0) in (select value from json_each(:keep, '$.variant')))
    and (json_type(:keep, '$.trigger') is null
        or coalesce(trigger, 0) in (select value from json_each(:keep, '$.trigger')))
group by usage_cell.team, usage_cell.cost_center
order by 1, 2;
