-- what one row is: a chargeback line as the chargeback tells it, closed days as they were closed, of which the keys are known (exactly
--     one row)
-- in:  as explain_line.sql; closed (0 or 1)
-- out: requests, cost (exact decimal text; null when unpriced)
select coalesce(sum(requests), 0) as requests, case when :basis <> 'unpriced' then money_sum(cost) end as cost
from standing cross join usage_cell u on u.day = standing.day and u.tables = standing.tables
where basis = :basis
    and text_of(source) is :source and text_of(model) is :model and text_of(provider) is :provider
    and text_of(consumer) is :consumer and text_of(team) is :team and text_of(cost_center) is :cost_center;
