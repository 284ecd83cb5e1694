-- what one row is: requests of a consumer in runs of alike prompts: stretches in which each with a prompt from an address is in a run
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, ip) as (values (:from_us, :to_us, :what))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer
    and client_ip is ip and prompt_fingerprint is not null;
