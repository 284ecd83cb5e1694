-- what one row is: what was charged at one price row on the day
-- in:  day (days since 1970-01-01), tables (a version)
-- out: line (of prices.csv in that version; 0 = cost as logged), quantity (tokens or requests), cost (exact decimal text)
select coalesce(price_line, 0) as line, sum(quantity) as quantity, money_sum(cost) as cost
from charge_cell
where day = :day and tables = :tables
group by price_line
order by 1;
