-- what one row is: what a closed day came to later, for one team and cost centre, charged to one of the asked days
-- in:  from_day, to_day (days since 1970-01-01, inclusive); posted (0: none, 1); keep (JSON of filter.h)
-- out: original_day (days since 1970-01-01), team, cost_center (texts), was (its closed revision), now (recomputed), posted (to
--      other days), amount (all in cents; amount = now - was - posted), reason (text), revision (closed), tables_was, tables_now
--      (versions), posted_day
select original_day, team, cost_center, was_cents as was, now_cents as now, posted_cents as posted, amount_cents as amount,
    reason, revision, tables_was, tables_now, posted_day
from adjustment
where :posted = 1 and posted_day between :from_day and :to_day
    and (json_type(:keep, '$.day') is null or posted_day in (select value from json_each(:keep, '$.day')))
    and (json_type(:keep, '$.team') is null
        or (select id from dict where text = team) in (select value from json_each(:keep, '$.team')))
    and (json_type(:keep, '$.cost_center') is null
        or coalesce((select id from dict where text = cost_center), 0)
            in (select value from json_each(:keep, '$.cost_center')))
order by original_day, team, cost_center, posted_day;
