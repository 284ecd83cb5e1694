-- what one row is: a window as it stood at the end of a replayed day
-- in:  state, n; dict ids; enums as numbers; instants in us or NULL; limit_, used (whole numbers or money text)
-- out: nothing
INSERT INTO quota_window (state, n, consumer, node, tier, measure, window, per_node, global, start_us, end_us, limit_, used,
    exhausted_us, requests_after, tokens_after, cost_after, refused, refused_early, headers, logged_limit, logged_remaining,
    remaining, windows_over, day_requests_after, day_tokens_after, day_cost_after, day_refused)
VALUES (:state, :n, :consumer, :node, :tier, :measure, :window, :per_node, :global, :start_us, :end_us, :limit_, :used,
    :exhausted_us, :requests_after, :tokens_after, :cost_after, :refused, :refused_early, :headers, :logged_limit,
    :logged_remaining, :remaining, :windows_over, :day_requests_after, :day_tokens_after, :day_cost_after, :day_refused);
