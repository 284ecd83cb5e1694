-- what: the database of tollbook, first version. Migrations are append-only: later ones alter, none is edited.
-- units: *_us microseconds since 1970-01-01T00:00:00Z; day, utc_day days since 1970-01-01; money as exact decimal text.

-- Facts about the database itself: program, created, ...
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Every dimension text once; 0 is never used, so that 0 can mean absent in segments. NULL in tables.
CREATE TABLE dict (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- The intake ledger: one row per file content read (an archive member is a file). lines = events + duplicates +
-- conflicts + ignored + rejected, always.
CREATE TABLE file (
    file INTEGER PRIMARY KEY,       -- in commit order
    source INTEGER NOT NULL REFERENCES dict,
    path TEXT NOT NULL,
    member TEXT NOT NULL DEFAULT '', -- name inside an archive
    node TEXT,                      -- bound by {node}
    date INTEGER,                   -- bound by {date}: a UTC day
    format TEXT NOT NULL,
    wrapper TEXT NOT NULL,
    kind TEXT NOT NULL,             -- plain, gzip, xz, ...
    raw_bytes INTEGER NOT NULL,     -- of the file as it lies on disk
    raw_digest BLOB,                -- 16 bytes XXH3-128 of them; NULL for pipes
    mtime_ns INTEGER NOT NULL,
    bytes INTEGER NOT NULL,         -- decompressed
    digest BLOB NOT NULL,           -- 16 bytes XXH3-128 of the decompressed content
    lines INTEGER NOT NULL,
    events INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    incomplete TEXT,                -- why the content ends early or is damaged; NULL when whole
    incomplete_byte INTEGER,
    completed_by INTEGER REFERENCES file, -- the later file at this path that was whole
    same_as INTEGER REFERENCES file, -- the earlier file with this content: all lines are duplicates of it
    CHECK (lines = events + duplicates + conflicts + ignored + rejected)
);
CREATE INDEX file_path ON file (path, member);
CREATE INDEX file_raw ON file (raw_digest);
CREATE INDEX file_digest ON file (digest);

-- The quarter-hours (ts_us / 900000000) that hold an event, duplicate or conflict of a file: which days a file belongs to,
-- in any zone.
CREATE TABLE file_quarter (quarter INTEGER, file INTEGER REFERENCES file, PRIMARY KEY (quarter, file)) WITHOUT ROWID;
CREATE INDEX file_quarter_file ON file_quarter (file);

-- Counts by reason. kind: ignored, rejected.
CREATE TABLE file_reason (file INTEGER REFERENCES file, kind TEXT, reason TEXT, lines INTEGER NOT NULL,
    PRIMARY KEY (file, kind, reason)) WITHOUT ROWID;

-- Rejected lines (at most TB_REJECT_ROWS_MAX per file; file_reason has all counts).
CREATE TABLE reject (file INTEGER REFERENCES file, line INTEGER, part INTEGER DEFAULT 0, byte INTEGER, reason TEXT,
    excerpt TEXT, PRIMARY KEY (file, line, byte, part)) WITHOUT ROWID;

-- Days of event detail. generation grows with every change of the day's events.
CREATE TABLE utc_day (utc_day INTEGER PRIMARY KEY, generation INTEGER NOT NULL, pruned INTEGER NOT NULL DEFAULT 0);

-- Immutable runs of at most 8,192 events of one file and one UTC day, sorted by (ts, id).
CREATE TABLE segment (segment INTEGER PRIMARY KEY, utc_day INTEGER NOT NULL, file INTEGER NOT NULL REFERENCES file,
    rows INTEGER NOT NULL, ts_min INTEGER NOT NULL, ts_max INTEGER NOT NULL);
CREATE INDEX segment_day ON segment (utc_day, segment);
CREATE INDEX segment_file ON segment (file);

-- A segment's columns in groups, each with its own encoding version (pipeline/store/README.md); a group longer than 64 KiB is in
-- parts. piece = segment * 4096 + group * 128 + part: a rowid table, whose pages blobs fill (an index B-tree would leave gaps).
CREATE TABLE segment_group (piece INTEGER PRIMARY KEY, version INTEGER NOT NULL, data BLOB NOT NULL);

-- Superseded rows of a segment: one bit each.
CREATE TABLE segment_dead (segment INTEGER PRIMARY KEY REFERENCES segment, dead INTEGER NOT NULL, bitmap BLOB NOT NULL);

-- Exactly once: sorted runs of (first id bits, place), in buckets by id prefix. place = segment * 8192 + row.
CREATE TABLE id_run (run INTEGER PRIMARY KEY, level INTEGER NOT NULL, entries INTEGER NOT NULL, buckets INTEGER NOT NULL,
    place_min INTEGER NOT NULL, place_max INTEGER NOT NULL, filter_blocks INTEGER NOT NULL);
-- bucket = run * 2^24 + number of the bucket
CREATE TABLE id_bucket (bucket INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- A filter over a run's ids. part = run * 2^24 + number of the part
CREATE TABLE id_filter (part INTEGER PRIMARY KEY, data BLOB NOT NULL);

-- Ids that came with different payloads at different times: the first and the last instant of all of them, whichever rules
-- (so it does not depend on the order of files). The control id_reused of a day counts those with ts_max in the day and
-- ts_max - ts_min > 86400000000.
CREATE TABLE id_span (id BLOB PRIMARY KEY, ts_min INTEGER NOT NULL, ts_max INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX id_span_reused ON id_span (ts_max) WHERE ts_max - ts_min > 86400000000;

-- Table versions: one number for all tables together; a version names the text of each table.
CREATE TABLE table_text (digest BLOB PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE table_version (version INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL);
CREATE TABLE table_of_version (version INTEGER REFERENCES table_version, name TEXT, path TEXT NOT NULL,
    digest BLOB NOT NULL REFERENCES table_text, rows INTEGER NOT NULL, PRIMARY KEY (version, name)) WITHOUT ROWID;

-- Civil days reduced, and from what: a day is rebuilt whole when any of these differs.
CREATE TABLE reduced_day (day INTEGER, tables INTEGER, zone TEXT NOT NULL, generation INTEGER NOT NULL,
    program TEXT NOT NULL, total_mismatch INTEGER NOT NULL, id_reused INTEGER NOT NULL, cost TEXT NOT NULL, billed TEXT NOT NULL,
    PRIMARY KEY (day, tables)) WITHOUT ROWID;

-- A reduced day's usage: one row per hour and combination of dimensions. Dimensions are dict ids, NULL = absent.
-- basis: computed, logged, unpriced. cost NULL exactly when unpriced. *_n count the events where the value is present.
CREATE TABLE usage_cell (
    day INTEGER NOT NULL, tables INTEGER NOT NULL,
    hour_us INTEGER NOT NULL,       -- first instant of the local hour
    source INTEGER NOT NULL, node INTEGER, consumer INTEGER, team INTEGER NOT NULL, cost_center INTEGER,
    provider INTEGER, model INTEGER, service_tier INTEGER, feature INTEGER, variant INTEGER, trigger INTEGER,
    basis TEXT NOT NULL,
    requests INTEGER NOT NULL, errors INTEGER NOT NULL, refused INTEGER NOT NULL, hidden INTEGER NOT NULL,
    input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL, reasoning INTEGER NOT NULL, total_only INTEGER NOT NULL, saved INTEGER NOT NULL,
    input_n INTEGER NOT NULL, output_n INTEGER NOT NULL, latency_n INTEGER NOT NULL, latency_ms INTEGER NOT NULL,
    cost TEXT, logged_cost TEXT     -- logged_cost: what the gateway logged, whatever the basis; NULL when none
);
CREATE INDEX usage_cell_day ON usage_cell (day, tables);

-- What each meter of a reduced day cost, at which price row: the audit from cents to prices (and FOCUS rows).
CREATE TABLE charge_cell (
    day INTEGER NOT NULL, tables INTEGER NOT NULL, source INTEGER NOT NULL, consumer INTEGER, team INTEGER NOT NULL,
    cost_center INTEGER, provider INTEGER, model INTEGER, service_tier INTEGER, meter TEXT NOT NULL,
    price_line INTEGER,             -- line of prices.csv of that version; NULL for basis logged
    quantity INTEGER NOT NULL, cost TEXT NOT NULL
);
CREATE INDEX charge_cell_day ON charge_cell (day, tables);

-- Billed cents of a day, rounded once, by team and cost centre. Billed sources only.
CREATE TABLE settlement (
    day INTEGER NOT NULL, tables INTEGER NOT NULL, team TEXT NOT NULL, cost_center TEXT, gl_account TEXT, owner TEXT,
    cost TEXT NOT NULL, shared TEXT NOT NULL, adjustments TEXT NOT NULL, billed_cents INTEGER NOT NULL
);
CREATE INDEX settlement_day ON settlement (day, tables);

-- Every pack written: what it said, kept for good.
CREATE TABLE revision (day INTEGER, revision INTEGER, run_id TEXT NOT NULL, tables INTEGER NOT NULL, written_us INTEGER NOT NULL,
    digest TEXT NOT NULL,           -- SHA-256 of pack
    pack BLOB NOT NULL,             -- pack-DAY.json
    PRIMARY KEY (day, revision)) WITHOUT ROWID;
