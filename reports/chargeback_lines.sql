-- what one row is: usage of the asked days of one team, cost centre, consumer, source, provider, model and basis
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); keep (JSON of filter.h)
-- out: team, cost_center, consumer, source, provider, model, basis (texts, null = absent), requests, errors, the six token
--      counts, total_only, saved (tokens), cost (exact decimal text; null when unpriced)
select text_of(team) as team, text_of(cost_center) as cost_center, text_of(consumer) as consumer, text_of(source) as source,
    text_of(provider) as provider, text_of(model) as model, basis,
    sum(requests) as requests, sum(errors) as errors, sum(input) as input, sum(cache_read) as cache_read,
    sum(cache_write_5m) as cache_write_5m, sum(cache_write_1h) as cache_write_1h, sum(output) as output,
    sum(reasoning) as reasoning, sum(total_only) as total_only, sum(saved) as saved,
    case when basis <> 'unpriced' then money_sum(cost) end as cost
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
group by usage_cell.team, usage_cell.cost_center, usage_cell.consumer, usage_cell.source, usage_cell.provider,
    usage_cell.model, basis
order by 1, 2, 3, 4, 5, 6, 7;
