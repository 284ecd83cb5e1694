-- what one row is: usage without a price, by provider and model
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1); keep (JSON of
--      filter.h)
-- out: provider, model (texts, null = absent), requests, tokens (quota tokens: input with total_only, cache, output)
select text_of(provider) as provider, text_of(model) as model, sum(requests) as requests,
    sum(input + cache_read + cache_write_5m + cache_write_1h + output) as tokens
from kept
where basis = 'unpriced'
group by kept.provider, kept.model
order by 1, 2;
