-- what one row is: the closed days that were adjusted in the asked days, all teams together (exactly one row)
-- in:  from_day, to_day (days since 1970-01-01, inclusive)
-- out: adjustments (rows), now (recomputed, cents), charged (closed revision, read anew as long as it is the one adjusted, and
--      all adjustments up to these, cents), amount (cents)
select count(*) as adjustments, coalesce(sum(now_cents), 0) as now,
    coalesce(sum(posted_cents + amount_cents + case
        when a.posted_day <> a.original_day and a.revision = (
            select c.revision from closed_day d join closing c on c.closing = d.closing where d.day = a.original_day)
        then (select coalesce(sum(s.billed_cents), 0) from settlement s where s.day = a.original_day and s.tables = 0
                and s.team = a.team and s.cost_center is a.cost_center)
            + (select coalesce(sum(p.amount_cents), 0) from adjustment p where p.posted_day = a.original_day
                and p.team = a.team and p.cost_center is a.cost_center)
        else was_cents end), 0) as charged,
    coalesce(sum(amount_cents), 0) as amount
from adjustment a
where a.posted_day between :from_day and :to_day;
