-- what one row is: tokens that a consumer's calls used in a quota's window
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select sum(coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) + coalesce(total_only, 0) + coalesce(output, 0)) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer
    and not (coalesce(status, 0) = 429 or refused) and :filter;
