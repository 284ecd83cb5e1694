-- what one row is: what the gateway logged as cost, and the priced cost of the same cells (exactly one row; cells are sums
-- of events, so that where only some events have a logged cost the two differ)
-- in:  from_day, to_day (inclusive), tables (a version), keep (JSON of filter.h: the billed sources)
-- out: cells (that have both), logged, priced (exact decimal texts)
select count(*) as cells, money_sum(logged_cost) as logged, money_sum(cost) as priced
from usage_cell
where day between :from_day and :to_day and tables = :tables and basis = 'computed' and logged_cost is not null
    and source in (select value from json_each(:keep, '$.source'));
