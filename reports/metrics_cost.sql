-- what one row is: a consumer's cost of one model, of all reduced days, each day with the version of its last pack, else :tables
-- in:  tables (a version), unbilled (JSON list of the names of sources that are not billed)
-- out: consumer, model (texts, null = absent), cost (exact decimal text; 0 when all of it is unpriced)
select text_of(consumer) as consumer, text_of(model) as model, money_sum(cost) as cost
from usage_cell
where tables = coalesce((select p.tables from pack_built p where p.day = usage_cell.day),
        (select p.tables from pruned_day p where p.day = usage_cell.day), :tables)
    and source not in (select id from dict where text in (select value from json_each(:unbilled)))
group by usage_cell.consumer, usage_cell.model
order by 1, 2;
