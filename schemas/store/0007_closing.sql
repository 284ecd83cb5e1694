-- what: days closed for billing, and what became known of them afterwards.
-- units: *_us microseconds since 1970-01-01T00:00:00Z; day days since 1970-01-01; *_cents whole cents.

-- Every act, for the auditor: who closed or reopened which day, when, why, at which revision. Never altered.
CREATE TABLE closing (
    closing INTEGER PRIMARY KEY, day INTEGER NOT NULL, act TEXT NOT NULL CHECK (act IN ('close', 'reopen')),
    name TEXT NOT NULL, note TEXT, at_us INTEGER NOT NULL, revision INTEGER NOT NULL
);
CREATE INDEX closing_day ON closing (day);

-- The days that are closed now. What they were closed with stands beside their living rollups as table version 0: rows of
-- usage_cell, charge_cell, settlement and reduced_day. looked_*: the generation, table version and digest of rows (as in
-- pack_built) at which the day was last held against them, so that a day that has not changed costs a lookup.
-- stamped: its workbook says FINAL.
CREATE TABLE closed_day (
    day INTEGER PRIMARY KEY, closing INTEGER NOT NULL REFERENCES closing, looked_generation INTEGER NOT NULL,
    looked_tables INTEGER NOT NULL, looked_rows TEXT NOT NULL, stamped INTEGER NOT NULL DEFAULT 0
);

-- What a closed day came to later, charged to the open day posted_day: amount = now - was - posted.
-- was: what its closed revision billed; now: what it would bill recomputed; posted: what other days were charged of it before.
-- Once closed, posted_day keeps its rows. A reopened day has a row of its own (posted_day = original_day) that takes back what
-- other days were charged of it. tables_*: the versions of was and now.
CREATE TABLE adjustment (
    posted_day INTEGER NOT NULL, original_day INTEGER NOT NULL, team TEXT NOT NULL, cost_center TEXT,
    was_cents INTEGER NOT NULL, now_cents INTEGER NOT NULL, posted_cents INTEGER NOT NULL, amount_cents INTEGER NOT NULL,
    reason TEXT NOT NULL, revision INTEGER NOT NULL, tables_was INTEGER NOT NULL, tables_now INTEGER NOT NULL,
    CHECK (amount_cents = now_cents - was_cents - posted_cents)
);
CREATE INDEX adjustment_posted ON adjustment (posted_day);
CREATE INDEX adjustment_original ON adjustment (original_day);

-- What a day is charged, by team and cost centre (add the rows up): its own cents, and adjustments posted into it, with whatever
-- table version the day is told. posted: 1 for adjustments.
CREATE VIEW charge AS
SELECT day, tables, team, cost_center, gl_account, owner, cost, shared, adjustments, billed_cents, 0 AS posted FROM settlement
UNION ALL
SELECT r.day, r.tables, a.team, a.cost_center, NULL, NULL, '0', '0',
    CASE WHEN a.amount_cents < 0 THEN '-' ELSE '' END || (abs(a.amount_cents) / 100)
        || printf('.%02d', abs(a.amount_cents) % 100),
    a.amount_cents, 1
FROM adjustment a CROSS JOIN reduced_day r ON r.day = a.posted_day;

-- digest of the adjustments that a pack lists.
ALTER TABLE pack_built ADD COLUMN adjustments TEXT NOT NULL DEFAULT '';
