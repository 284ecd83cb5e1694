-- what one row is: a usage cell of the asked days that --where keeps: the one place where it is decided, for the statements
--     "from kept", which begin with standing.sql and these lines (tb_filter_open). The dimensions are told out one by one: a
--     list of all wanted pairs is shorter and four times as slow (600,000 cells, SQLite 3.40)
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1); keep (JSON of filter.h)
-- out: the columns of usage_cell
, kept as (
    select u.* from standing cross join usage_cell u on u.day = standing.day and u.tables = standing.tables
    where source in (select value from json_each(:keep, '$.source'))
        and (json_type(:keep, '$.day') is null or u.day in (select value from json_each(:keep, '$.day')))
        and (json_type(:keep, '$.hour') is null
            or coalesce(hour_us, 0) in (select value from json_each(:keep, '$.hour')))
        and (json_type(:keep, '$.node') is null
            or coalesce(node, 0) in (select value from json_each(:keep, '$.node')))
        and (json_type(:keep, '$.consumer') is null
            or coalesce(consumer, 0) in (select value from json_each(:keep, '$.consumer')))
        and (json_type(:keep, '$.team') is null
            or coalesce(team, 0) in (select value from json_each(:keep, '$.team')))
        and (json_type(:keep, '$.cost_center') is null
            or coalesce(cost_center, 0) in (select value from json_each(:keep, '$.cost_center')))
        and (json_type(:keep, '$.provider') is null
            or coalesce(provider, 0) in (select value from json_each(:keep, '$.provider')))
        and (json_type(:keep, '$.model') is null
            or coalesce(model, 0) in (select value from json_each(:keep, '$.model')))
        and (json_type(:keep, '$.feature') is null
            or coalesce(feature, 0) in (select value from json_each(:keep, '$.feature')))
        and (json_type(:keep, '$.variant') is null
            or coalesce(variant, 0) in (select value from json_each(:keep, '$.variant')))
        and (json_type(:keep, '$.trigger') is null
            or coalesce(trigger, 0) in (select value from json_each(:keep, '$.trigger')))
)
