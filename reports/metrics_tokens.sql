-- what one row is: a consumer's tokens of all reduced days, each day with the table version of its last pack, else :tables
-- in:  tables (a version), unbilled (JSON list of the names of sources that are not billed)
-- out: consumer (text, null = absent), tokens (input with total_only, cache, output)
select text_of(consumer) as consumer, sum(input + cache_read + cache_write_5m + cache_write_1h + output) as tokens
from usage_cell
where tables = coalesce((select p.tables from pack_built p where p.day = usage_cell.day),
        (select p.tables from pruned_day p where p.day = usage_cell.day), :tables)
    and source not in (select id from dict where text in (select value from json_each(:unbilled)))
group by usage_cell.consumer
order by 1;
