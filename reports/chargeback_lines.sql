-- what one row is: usage of the asked days of one team, cost centre, consumer, source, provider, model and basis
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1); keep (JSON of
--      filter.h)
-- out: team, cost_center, consumer, source, provider, model, basis (texts, null = absent), requests, errors, the six token
--      counts, total_only, saved (tokens), cost (exact decimal text; null when unpriced)
select text_of(team) as team, text_of(cost_center) as cost_center, text_of(consumer) as consumer, text_of(source) as source,
    text_of(provider) as provider, text_of(model) as model, basis,
    sum(requests) as requests, sum(errors) as errors, sum(input) as input, sum(cache_read) as cache_read,
    sum(cache_write_5m) as cache_write_5m, sum(cache_write_1h) as cache_write_1h, sum(output) as output,
    sum(reasoning) as reasoning, sum(total_only) as total_only, sum(saved) as saved,
    case when basis <> 'unpriced' then money_sum(cost) end as cost
from kept
group by kept.team, kept.cost_center, kept.consumer, kept.source, kept.provider,
    kept.model, basis
order by 1, 2, 3, 4, 5, 6, 7;
