-- what one row is: an adjustment that the day's pack lists
-- in:  day (days since 1970-01-01)
-- out: original_day, team, cost_center, was, now, posted, amount (cents), reason, revision, tables_was, tables_now
select original_day, team, cost_center, was_cents, now_cents, posted_cents, amount_cents, reason, revision, tables_was,
    tables_now
from adjustment where posted_day = :day
order by original_day, team, cost_center;
