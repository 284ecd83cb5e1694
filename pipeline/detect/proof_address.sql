-- what one row is: requests of a consumer from an address, at even gaps
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, ip) as (values (:from_us, :to_us, :what))
select count(*) as observed from w cross join usage_event where ts >= from_us and ts < to_us and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer and client_ip is ip;
