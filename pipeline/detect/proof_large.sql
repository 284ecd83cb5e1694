-- what one row is: prompts of a consumer's features, of each of as many tokens or more as are large for it
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, least, of_feature) as (values (:from_us, :to_us, :what, :second))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer and feature is of_feature
    and coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) + coalesce(total_only, 0) >= least;
