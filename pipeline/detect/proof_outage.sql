-- what one row is: share of failed requests in the ten minutes in which a model failed for several consumers (shares of several outages added)
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, out_model, out_provider) as (values (:from_us, :to_us, :what, :second)),
a as (
    select from_us, ts / :width as bucket, model, provider, coalesce(consumer, '(anonymous)') as who, count(*) as n,
        sum(coalesce(status, 0) = 429 or coalesce(status, 0) >= 500 or refused or (coalesce(status, 0) = 0 and coalesce(success, 1) = 0)) as failed
    from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and (out_model is null or model is out_model) and provider is out_provider group by 1, 2, 3, 4, 5),
b as (
    select from_us, sum(failed) as failed, sum(n) as n from a group by from_us, bucket, model, provider
    having sum(failed) >= :failures and sum(failed) >= :share * sum(n) and sum(failed >= :each) >= :consumers
        and max(failed) <= :one * sum(failed))
select sum(share) as observed from (select 1.0 * sum(failed) / sum(n) as share from b group by from_us);
