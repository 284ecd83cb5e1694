-- what one row is: the usage of one local hour and combination of dimensions
-- in: day, tables; hour_us; dict ids or NULL; basis; counts and token sums; cost, logged_cost (money text or NULL)
-- out: nothing
INSERT INTO usage_cell (day, tables, hour_us, source, node, consumer, team, cost_center, provider, model, service_tier,
    feature, variant, trigger, basis, requests, errors, refused, hidden, input, cache_read, cache_write_5m, cache_write_1h,
    output, reasoning, total_only, saved, input_n, output_n, latency_n, latency_ms, cost, logged_cost)
VALUES (:day, :tables, :hour_us, :source, :node, :consumer, :team, :cost_center, :provider, :model, :service_tier,
    :feature, :variant, :trigger, :basis, :requests, :errors, :refused, :hidden, :input, :cache_read, :cache_write_5m,
    :cache_write_1h, :output, :reasoning, :total_only, :saved, :input_n, :output_n, :latency_n, :latency_ms, :cost,
    :logged_cost);
