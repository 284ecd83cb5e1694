-- what: quotas replayed, a civil day at a time: what each day's windows came to, and where the next day goes on from.
-- units: *_us microseconds since 1970-01-01T00:00:00Z; day days since 1970-01-01; money as exact decimal text.

-- A replayed day. rules: 16 bytes, digest of the table rows in force that day, the billed sources and the zone; days replayed
-- under other rules stay, so that an older table version is asked for again at no cost. carry_*: 16 bytes, digest of the
-- windows open at the day's first and last instant: a day is right as long as it begins as the day before it ended.
CREATE TABLE quota_day (
    state INTEGER PRIMARY KEY, day INTEGER NOT NULL, rules BLOB NOT NULL, generation INTEGER NOT NULL, program TEXT NOT NULL,
    carry_in BLOB NOT NULL, carry_out BLOB NOT NULL,
    UNIQUE (day, rules)
);

-- A window as it stood at the end of that day: those of the day, and those still open from days before. windows shorter than a
-- day: the day's peak. limit_ NULL: unlimited. global 1: a quota counted per node, counted over all nodes instead.
-- limit_ and used are tokens or requests, or for measure cost money as text.
CREATE TABLE quota_window (
    state INTEGER NOT NULL REFERENCES quota_day, n INTEGER NOT NULL, consumer INTEGER NOT NULL, node INTEGER NOT NULL,
    tier TEXT NOT NULL, measure INTEGER NOT NULL, window INTEGER NOT NULL, per_node INTEGER NOT NULL, global INTEGER NOT NULL,
    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, limit_, used NOT NULL, exhausted_us INTEGER,
    requests_after INTEGER NOT NULL, tokens_after INTEGER NOT NULL, cost_after TEXT NOT NULL, refused INTEGER NOT NULL,
    refused_early INTEGER NOT NULL, headers INTEGER NOT NULL, logged_limit INTEGER, logged_remaining INTEGER, remaining INTEGER,
    windows_over INTEGER NOT NULL, day_requests_after INTEGER NOT NULL, day_tokens_after INTEGER NOT NULL,
    day_cost_after TEXT NOT NULL, day_refused INTEGER NOT NULL,
    PRIMARY KEY (state, n)
) WITHOUT ROWID;

-- Models used that day by consumers whose tier may not use them.
CREATE TABLE quota_violation (
    state INTEGER NOT NULL REFERENCES quota_day, n INTEGER NOT NULL, consumer INTEGER NOT NULL, tier TEXT NOT NULL,
    model INTEGER NOT NULL, requests INTEGER NOT NULL, tokens INTEGER NOT NULL, cost TEXT NOT NULL,
    PRIMARY KEY (state, n)
) WITHOUT ROWID;
