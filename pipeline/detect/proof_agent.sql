-- what one row is: requests of a consumer by user agents that name a crawler
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, agent) as (values (:from_us, :to_us, :what))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer and user_agent is agent;
