-- what one row is: what a meter of a chargeback line cost at one price row, as the day's rollups have it
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); team, cost_center, consumer, source, provider, model
--      (texts, null = absent), basis
-- out: meter, price_line (line of prices.csv in that version; 0 = cost as logged), quantity (tokens or requests), cost (exact decimal
--      text)
select meter, coalesce(price_line, 0) as price_line, sum(quantity) as quantity, money_sum(cost) as cost
from charge_cell
where day between :from_day and :to_day and tables = :tables and (price_line is null) = (:basis = 'logged') and :basis <> 'unpriced'
    and text_of(source) is :source and text_of(model) is :model and text_of(provider) is :provider
    and text_of(consumer) is :consumer and text_of(team) is :team and text_of(cost_center) is :cost_center
group by charge_cell.meter, charge_cell.price_line
order by 2, 1;
