-- what one row is: what everything, or what a dimension's value or glob, cost
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select sum(cost) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and :filter;
