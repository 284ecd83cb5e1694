-- what one row is: the usage of one local hour and combination of dimensions (what changes from row to row is named first:
--     SQLite looks names up in this order)
-- in: day, tables; hour_us; dict ids or NULL; basis; counts and token sums; cost, logged_cost (money text or NULL)
-- out: nothing
INSERT INTO usage_cell (cost, input, output, latency_ms, requests, consumer, logged_cost, input_n, output_n, latency_n,
    model, team, cost_center, feature, day, tables, hour_us, source, node, provider, service_tier, variant, trigger, basis,
    errors, refused, hidden, cache_read, cache_write_5m, cache_write_1h, reasoning, total_only, saved)
VALUES (:cost, :input, :output, :latency_ms, :requests, :consumer, :logged_cost, :input_n, :output_n, :latency_n,
    :model, :team, :cost_center, :feature, :day, :tables, :hour_us, :source, :node, :provider, :service_tier, :variant,
    :trigger, :basis, :errors, :refused, :hidden, :cache_read, :cache_write_5m, :cache_write_1h, :reasoning, :total_only,
    :saved);
