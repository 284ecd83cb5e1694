-- what one row is: one asked day's cost by the roads that must agree
-- in:  from_day, to_day (inclusive), tables (a version), keep (JSON of filter.h: the billed sources)
-- out: day, cells, meters, settled (cost, exact decimal texts, by usage_cell, charge_cell, settlement), charge (settled cost
--      with shared cost and adjustments), cents (billed, sum of the teams), total_mismatch (events)
select day,
    (select money_sum(cost) from usage_cell c where c.day = d.day and c.tables = d.tables
        and source in (select value from json_each(:keep, '$.source'))) as cells,
    (select money_sum(cost) from charge_cell c where c.day = d.day and c.tables = d.tables) as meters,
    (select money_sum(cost) from settlement s where s.day = d.day and s.tables = d.tables) as settled,
    (select money_sum(money_add(cost, money_add(shared, adjustments))) from settlement s
        where s.day = d.day and s.tables = d.tables) as charge,
    (select coalesce(sum(billed_cents), 0) from settlement s where s.day = d.day and s.tables = d.tables) as cents,
    total_mismatch
from reduced_day d
where (day, tables) in (select day, tables from standing)
order by day;
