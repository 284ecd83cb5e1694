-- what one row is: the most that any 60 minutes cost
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select max(hour) as observed from (
    select ts, from_us, sum(cost) over (order by ts range between 3599999999 preceding and current row) as hour
    from w cross join usage_event where ts > from_us - 3600000000 and ts < to_us and billed and not tool and :filter)
where ts >= from_us;
