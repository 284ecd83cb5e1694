-- what one row is: what a consumer's calls cost in a quota's window
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select sum(cost) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer
    and not (coalesce(status, 0) = 429 or refused) and :filter;
