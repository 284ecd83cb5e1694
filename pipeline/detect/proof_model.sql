-- what one row is: share of a consumer's requests to a model
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us) as (values (:from_us, :to_us))
select 1.0 * sum(model is :model) / count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer;
