-- what one row is: a cell of a reduced day whose hour begins in the range
-- in: day, tables, from_us, to_us
-- out: hour_us, source, node, consumer, team, cost_center, provider, model, feature, variant, trigger (dict ids, null = absent),
--      basis, requests, errors, refused, hidden, token sums, input_n, output_n, latency_n, latency_ms, cost (text, null = unpriced)
SELECT hour_us, source, node, consumer, team, cost_center, provider, model, feature, variant, trigger, basis, requests, errors,
    refused, hidden, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, total_only, saved, input_n, output_n,
    latency_n, latency_ms, cost
FROM usage_cell WHERE day = :day AND tables = :tables AND hour_us >= :from_us AND hour_us < :to_us;
