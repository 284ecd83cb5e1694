-- what one row is: the days that are closed now, together (exactly one row)
-- in: none
-- out: days, last (day, NULL when none), revision, name, at_us (of the last one's closing)
SELECT (SELECT count(*) FROM closed_day), d.day, c.revision, c.name, c.at_us
FROM (SELECT 1) LEFT JOIN (SELECT max(day) AS day FROM closed_day) m LEFT JOIN closed_day d ON d.day = m.day
    LEFT JOIN closing c ON c.closing = d.closing;
