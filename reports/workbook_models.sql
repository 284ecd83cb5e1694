-- what one row is: the day's usage of one team, provider, model and basis
-- in:  from_day, to_day (days since 1970-01-01, inclusive), tables (a version), keep (JSON of filter.h: the billed sources)
-- out: team, provider, model, basis (texts, null = absent), requests, errors, input, cache_read, cache_write_5m,
--      cache_write_1h, output (tokens), cost (exact decimal text; null when unpriced)
select text_of(team) as team, text_of(provider) as provider, text_of(model) as model, basis, sum(requests) as requests,
    sum(errors) as errors, sum(input) as input, sum(cache_read) as cache_read, sum(cache_write_5m) as cache_write_5m,
    sum(cache_write_1h) as cache_write_1h, sum(output) as output,
    case when basis <> 'unpriced' then money_sum(cost) end as cost
from usage_cell
where day between :from_day and :to_day and tables = :tables
    and source in (select value from json_each(:keep, '$.source'))
group by usage_cell.team, usage_cell.provider, usage_cell.model, basis
order by 1, 2, 3, 4;
