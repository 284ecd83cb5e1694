-- what: civil days whose events are pruned, and how their figures stand.
-- units: day days since 1970-01-01.

-- A pruned civil day and the table version with which it was reduced when its events went: the rollups that every report of the
-- day is told from, whatever tables came later. The days of a database that an older program pruned are added when they are asked for.
CREATE TABLE pruned_day (day INTEGER PRIMARY KEY, tables INTEGER NOT NULL);
