-- what one row is: requests of a consumer from an address in 24 hours; of days on which it made a few only, none
-- in:  names, which proof_sql.c replaces by literals, and the windows (from_us, to_us, ...) by as many as there are
-- out: observed
with w (from_us, to_us, ip) as (values (:from_us, :to_us, :what))
select sum(n) as observed from (
    select sum(ts >= from_us and ts < to_us) as n, count(*) as calls
    from w cross join usage_event
    where ts >= :days_from and ts < :days_to and billed and not tool and coalesce(consumer, '(anonymous)') = :consumer and client_ip is ip group by day)
where calls >= :least;
