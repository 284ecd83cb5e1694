-- what one row is: all reduced usage of the asked days, billed or not (exactly one row)
-- in:  from_day, to_day (inclusive), tables (a version)
-- out: requests, errors, the six token counts
select coalesce(sum(requests), 0) as requests, coalesce(sum(errors), 0) as errors, coalesce(sum(input), 0) as input,
    coalesce(sum(cache_read), 0) as cache_read, coalesce(sum(cache_write_5m), 0) as cache_write_5m,
    coalesce(sum(cache_write_1h), 0) as cache_write_1h, coalesce(sum(output), 0) as output,
    coalesce(sum(reasoning), 0) as reasoning
from usage_cell
where (day, tables) in (select day, tables from standing);
