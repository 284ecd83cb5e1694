-- what one row is: tokens answered for each request of a consumer that was answered
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select 1.0 * sum(coalesce(output, 0))
    / sum(not (coalesce(status, 0) = 429 or coalesce(status, 0) >= 500 or refused or (coalesce(status, 0) = 0 and coalesce(success, 1) = 0))
        and coalesce(output, 0) > 0) as observed
from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer and :filter;
