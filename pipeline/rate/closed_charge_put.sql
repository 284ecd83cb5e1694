-- what one row is: a charge cell of a day as it is closed (version 0), copied from the version it was packed with
-- in: day, tables
-- out: nothing
INSERT INTO charge_cell (day, tables, source, consumer, team, cost_center, provider, model, service_tier, meter, price_line,
    quantity, cost)
SELECT day, 0, source, consumer, team, cost_center, provider, model, service_tier, meter, price_line, quantity, cost
FROM charge_cell WHERE day = :day AND tables = :tables ORDER BY rowid;
