-- what: what each budget's part of a reduced day cost, so that a month is the sum of its days: reports of budgets and plans
--     read these few rows instead of the day's cells.
-- units: *_us microseconds since 1970-01-01T00:00:00Z; day days since 1970-01-01; money as exact decimal text.

-- what: dimension, match, allocate_by and hour limits of the budget's row. basis: what the day was reduced from; differs that,
-- the rows are made again.
CREATE TABLE spend_day (
    spend INTEGER PRIMARY KEY, day INTEGER NOT NULL, tables INTEGER NOT NULL, what TEXT NOT NULL, basis TEXT NOT NULL,
    UNIQUE (day, tables, what)
);

-- Cost by local hour (its first instant).
CREATE TABLE spend_hour (spend INTEGER NOT NULL REFERENCES spend_day, hour_us INTEGER NOT NULL, cost TEXT NOT NULL,
    PRIMARY KEY (spend, hour_us)) WITHOUT ROWID;

-- Cost by value of the dimension that the budget is allocated by (a dict id, 0 = absent).
CREATE TABLE spend_key (spend INTEGER NOT NULL REFERENCES spend_day, value INTEGER NOT NULL, cost TEXT NOT NULL,
    PRIMARY KEY (spend, value)) WITHOUT ROWID;

-- Stretches of the day in which the trailing 60-minute sum is strictly over an hour limit (0 warning, 1 critical,
-- 2 emergency), cut at the day's bounds; peak: the largest sum.
CREATE TABLE spend_over (spend INTEGER NOT NULL REFERENCES spend_day, level INTEGER NOT NULL, start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL, peak TEXT NOT NULL, PRIMARY KEY (spend, level, start_us)) WITHOUT ROWID;
