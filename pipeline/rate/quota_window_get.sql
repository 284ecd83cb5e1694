-- what one row is: a window as it stood at the end of a replayed day
-- in:  state
-- out: consumer, node (dict ids), tier, measure, window, per_node, global, start_us, end_us, limit_, used, exhausted_us,
--      requests_after, tokens_after, cost_after, refused, refused_early, headers, logged_limit, logged_remaining, remaining,
--      windows_over, day_requests_after, day_tokens_after, day_cost_after, day_refused
SELECT consumer, node, tier, measure, window, per_node, global, start_us, end_us, limit_, used, exhausted_us,
    requests_after, tokens_after, cost_after, refused, refused_early, headers, logged_limit, logged_remaining, remaining,
    windows_over, day_requests_after, day_tokens_after, day_cost_after, day_refused
FROM quota_window WHERE state = :state ORDER BY n;
