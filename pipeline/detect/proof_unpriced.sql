-- what one row is: requests of a model that no price is in force for
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, out_provider) as (values (:from_us, :to_us, :what))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and basis = 'unpriced' and model is :model and provider is out_provider;
