-- what one row is: a call that a finding is about, in the order of time
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: ts, file (path, with the member of an archive behind a colon), log_line, id, consumer, feature, model, status, input (all tokens
--      sent), output, cost (exact decimal text)
with w (from_us, to_us, what, of_feature) as (values (:from_us, :to_us, :what, :second))
select distinct ts, case when member = '' then file else file || ':' || member end as file, line as log_line, id, consumer, feature, model,
    status, coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) + coalesce(total_only, 0) as input, output, cost
from w cross join usage_event
where ts >= from_us and ts < to_us and billed and tool = :tool and (:consumer is null or coalesce(consumer, '(anonymous)') = :consumer)
    and (not :by_address or client_ip is what) and (not :by_agent or user_agent is what)
    and (not :by_size or (feature is of_feature
        and coalesce(input, 0) + coalesce(cache_read, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) + coalesce(total_only, 0) >= what))
    and (not :by_model or model is :model) and (not :by_provider or provider is what)
    and (not :prompts or prompt_fingerprint is not null)
    and (not :failed or coalesce(status, 0) = 429 or coalesce(status, 0) >= 500 or refused or (coalesce(status, 0) = 0 and coalesce(success, 1) = 0))
    and (not :hidden or trigger in ('undo', 'retry', 'auto_save')) and (not :unpriced or basis = 'unpriced')
    and :filter
order by ts, file, log_line;
