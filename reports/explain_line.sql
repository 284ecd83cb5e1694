-- what one row is: a chargeback line, of which the keys are known (exactly one row)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); team, cost_center, consumer, source, provider, model
--      (texts, null = absent), basis
-- out: team, cost_center, consumer, source, provider, model, basis (as they came in), requests, errors, the six token counts,
--      total_only, saved (tokens), cost (exact decimal text; null when unpriced)
select :team as team, :cost_center as cost_center, :consumer as consumer, :source as source, :provider as provider, :model as model,
    :basis as basis, coalesce(sum(requests), 0) as requests, coalesce(sum(errors), 0) as errors, coalesce(sum(input), 0) as input,
    coalesce(sum(cache_read), 0) as cache_read, coalesce(sum(cache_write_5m), 0) as cache_write_5m,
    coalesce(sum(cache_write_1h), 0) as cache_write_1h, coalesce(sum(output), 0) as output,
    coalesce(sum(reasoning), 0) as reasoning, coalesce(sum(total_only), 0) as total_only, coalesce(sum(saved), 0) as saved,
    case when :basis <> 'unpriced' then money_sum(cost) end as cost
from usage_cell
where day between :from_day and :to_day and tables = :tables and basis = :basis
    and text_of(source) is :source and text_of(model) is :model and text_of(provider) is :provider
    and text_of(consumer) is :consumer and text_of(team) is :team and text_of(cost_center) is :cost_center;
