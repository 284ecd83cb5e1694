-- what one row is: an event (CONTRACT.md, section 3); the shape of the virtual table usage_event
-- out: day in the zone of the configuration; ts in microseconds UTC; logged_cost exact decimal text; prompt_fingerprint hex;
-- hidden (not in SELECT *): member of an archive, tool, cache_hit, refused, total_mismatch as 0 or 1, "limit", remaining as
-- logged, cost_currency; cost (exact decimal text, NULL when unpriced), basis, team, cost_center, billed (0 or 1): as the newest
-- table version prices and attributes it
CREATE TABLE usage_event (
    day TEXT, ts INTEGER, source TEXT, node TEXT, id TEXT, consumer TEXT, provider TEXT, model_requested TEXT, model TEXT,
    service_tier TEXT, feature TEXT, variant TEXT, trigger TEXT, input INTEGER, cache_read INTEGER, cache_write_5m INTEGER,
    cache_write_1h INTEGER, output INTEGER, reasoning INTEGER, total_only INTEGER, saved INTEGER, quality TEXT, status INTEGER,
    success INTEGER, latency_ms INTEGER, retries INTEGER, request_bytes INTEGER, response_bytes INTEGER, client_ip TEXT,
    user_agent TEXT, prompt_fingerprint TEXT, prompt_chars INTEGER, logged_cost TEXT, file TEXT, line INTEGER,
    member TEXT HIDDEN, tool INTEGER HIDDEN, cache_hit INTEGER HIDDEN, refused INTEGER HIDDEN, total_mismatch INTEGER HIDDEN,
    "limit" INTEGER HIDDEN, remaining INTEGER HIDDEN, cost_currency TEXT HIDDEN,
    cost TEXT HIDDEN, basis TEXT HIDDEN, team TEXT HIDDEN, cost_center TEXT HIDDEN, billed INTEGER HIDDEN
);
