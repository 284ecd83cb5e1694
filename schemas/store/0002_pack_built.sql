-- what: from what each day's last pack was built, so that `run` knows without reading events whether it is out of date.
-- units: day days since 1970-01-01.

-- rows: SHA-256 over the table rows in force during that day (reports/pack_rows.h). incomplete: files of the day's intake.
CREATE TABLE pack_built (
    day INTEGER PRIMARY KEY,
    tables INTEGER NOT NULL,        -- the version the pack was priced with
    zone TEXT NOT NULL, currency TEXT NOT NULL,
    generation INTEGER NOT NULL,    -- of the day's events, as tb_events_generation tells it
    incomplete INTEGER NOT NULL,
    rows TEXT NOT NULL
);
