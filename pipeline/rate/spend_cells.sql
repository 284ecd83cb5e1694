-- what one row is: a cell of a reduced day that costs something
-- in:  day, tables
-- out: hour_us, cost, source, node, consumer, team, cost_center, provider, model, feature, variant, trigger (dict ids)
SELECT hour_us, cost, source, node, consumer, team, cost_center, provider, model, feature, variant, trigger
FROM usage_cell WHERE day = :day AND tables = :tables AND cost IS NOT NULL AND cost <> '0';
