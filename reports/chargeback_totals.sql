-- what one row is: all usage of the asked days together (exactly one row)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1); keep (JSON of
--      filter.h)
-- out: requests, errors, the six token counts, cost (exact decimal text, of what is priced)
select coalesce(sum(requests), 0) as requests, coalesce(sum(errors), 0) as errors, coalesce(sum(input), 0) as input,
    coalesce(sum(cache_read), 0) as cache_read, coalesce(sum(cache_write_5m), 0) as cache_write_5m,
    coalesce(sum(cache_write_1h), 0) as cache_write_1h, coalesce(sum(output), 0) as output,
    coalesce(sum(reasoning), 0) as reasoning, money_sum(cost) as cost
from kept;
