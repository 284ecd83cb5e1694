-- what one row is: a model used by a consumer whose tier may not use it
-- in:  state, n; consumer, model (dict ids), tier; requests, tokens, cost
-- out: nothing
INSERT INTO quota_violation (state, n, consumer, tier, model, requests, tokens, cost)
VALUES (:state, :n, :consumer, :tier, :model, :requests, :tokens, :cost);
