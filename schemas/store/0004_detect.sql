-- what: what the anomaly detectors remember of each civil day, so that judging one day reads no other day's events.
-- units: day days since 1970-01-01.

-- key: digest of what the row was made from (events' generations, price and account tables, rules, zone, program): a row
-- with another key is out of date. data: a struct tb_digest (pipeline/detect/digest.h); survives `prune`.
CREATE TABLE detect_day (day INTEGER PRIMARY KEY, key INTEGER NOT NULL, data BLOB NOT NULL);
