-- what one row is: what a team is billed for a day as it is closed (version 0), copied from the version it was packed with
-- in: day, tables
-- out: nothing
INSERT INTO settlement (day, tables, team, cost_center, gl_account, owner, cost, shared, adjustments, billed_cents)
SELECT day, 0, team, cost_center, gl_account, owner, cost, shared, adjustments, billed_cents
FROM settlement WHERE day = :day AND tables = :tables ORDER BY rowid;
