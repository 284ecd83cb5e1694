-- what one row is: a model used by a consumer whose tier may not use it
-- in:  state
-- out: consumer, tier, model (dict ids), requests, tokens, cost
SELECT consumer, tier, model, requests, tokens, cost FROM quota_violation WHERE state = :state ORDER BY n;
