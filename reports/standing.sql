-- what one row is: an asked day and the table version that it is told with, for the statements that name "standing", which begin
--     with these lines (tb_filter_open). closed: closed days as they were closed (version 0); pruned ones as they stand
-- in:  from_day, to_day (days since 1970-01-01, inclusive); tables (a version); closed (0 or 1)
-- out: day, tables
with recursive asked_day(day) as (select :from_day union all select day + 1 from asked_day where day < :to_day),
standing as materialized (
    select day, case when :closed and day in (select day from closed_day) then 0
        else coalesce((select p.tables from pruned_day p where p.day = asked_day.day), :tables) end as tables
    from asked_day
)
