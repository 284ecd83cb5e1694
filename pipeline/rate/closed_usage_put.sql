-- what one row is: a usage cell of a day as it is closed (version 0), copied from the version it was packed with
-- in: day, tables
-- out: nothing
INSERT INTO usage_cell (day, tables, hour_us, source, node, consumer, team, cost_center, provider, model, service_tier, feature,
    variant, trigger, basis, requests, errors, refused, hidden, input, cache_read, cache_write_5m, cache_write_1h, output,
    reasoning, total_only, saved, input_n, output_n, latency_n, latency_ms, cost, logged_cost)
SELECT day, 0, hour_us, source, node, consumer, team, cost_center, provider, model, service_tier, feature,
    variant, trigger, basis, requests, errors, refused, hidden, input, cache_read, cache_write_5m, cache_write_1h, output,
    reasoning, total_only, saved, input_n, output_n, latency_n, latency_ms, cost, logged_cost
FROM usage_cell WHERE day = :day AND tables = :tables ORDER BY rowid;
