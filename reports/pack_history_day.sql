-- what one row is: what a reduced day was charged and used (exactly one row; zeros when nothing)
-- in:  day (days since 1970-01-01), tables (a version, 0: as it was closed), unbilled (JSON list of the names of sources that are not billed)
-- out: billed (cents), requests, tokens (input with total_only, cache, output)
select (select coalesce(sum(billed_cents), 0) from charge where day = :day and tables = :tables) as billed,
    coalesce(sum(requests), 0) as requests,
    coalesce(sum(input + cache_read + cache_write_5m + cache_write_1h + output), 0) as tokens
from usage_cell
where day = :day and tables = :tables
    and source not in (select id from dict where text in (select value from json_each(:unbilled)));
