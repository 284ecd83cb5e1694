-- what one row is: the keys of a chargeback line of one day, whatever table versions told it (a closed day's copy, version 0, apart)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (the version preferred, 0 = none)
-- out: day, tables (the preferred version when it has the line, else the newest that has it), team, cost_center, consumer, source,
--      provider, model, basis (texts, null = absent)
select day, case when max(tables = :tables) then :tables else max(tables) end as tables, text_of(team) as team,
    text_of(cost_center) as cost_center, text_of(consumer) as consumer, text_of(source) as source,
    text_of(provider) as provider, text_of(model) as model, basis
from usage_cell
where day between :from_day and :to_day and tables > 0
group by usage_cell.day, usage_cell.team, usage_cell.cost_center, usage_cell.consumer, usage_cell.source,
    usage_cell.provider, usage_cell.model, usage_cell.basis
order by 1 desc, 3, 4, 5, 6, 7, 8, 9;
