-- what one row is: what a closed day came to later, charged to an open day
-- in: posted_day, original_day, team, cost_center (text or NULL), was, now, posted, amount (cents), reason, tables_was, tables_now
-- out: nothing
INSERT INTO adjustment (posted_day, original_day, team, cost_center, was_cents, now_cents, posted_cents, amount_cents, reason,
    revision, tables_was, tables_now)
VALUES (:posted_day, :original_day, :team, :cost_center, :was, :now, :posted, :amount, :reason,
    (SELECT revision FROM closing WHERE day = :original_day ORDER BY closing DESC LIMIT 1), :tables_was, :tables_now);
