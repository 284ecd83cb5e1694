-- what one row is: the last act on a day; no row when it was never closed
-- in: day
-- out: closed (0 or 1), revision, name, note (text or NULL), at_us, stamped (0 or 1, NULL when open), reopened (0 or 1: ever)
SELECT d.day IS NOT NULL, c.revision, c.name, c.note, c.at_us, d.stamped,
    EXISTS (SELECT 1 FROM closing r WHERE r.day = :day AND r.act = 'reopen')
FROM closing c LEFT JOIN closed_day d ON d.day = c.day
WHERE c.day = :day ORDER BY c.closing DESC LIMIT 1;
