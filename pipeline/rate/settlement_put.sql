-- what one row is: what a team and cost centre is billed for that day
-- in: day, tables; team, cost_center, gl_account, owner (text or NULL); cost, shared, adjustments (money text); billed_cents
-- out: nothing
INSERT INTO settlement (day, tables, team, cost_center, gl_account, owner, cost, shared, adjustments, billed_cents)
VALUES (:day, :tables, :team, :cost_center, :gl_account, :owner, :cost, :shared, :adjustments, :billed_cents);
