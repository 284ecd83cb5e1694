-- what one row is: failed requests of a consumer in a storm and the quiet minutes that ended it
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer
    and (coalesce(status, 0) = 429 or coalesce(status, 0) >= 500 or refused or (coalesce(status, 0) = 0 and coalesce(success, 1) = 0));
