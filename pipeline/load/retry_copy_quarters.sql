-- what one row is: a quarter-hour of a file that was read again, of a copy of it too
-- in: :file
INSERT OR IGNORE INTO file_quarter (quarter, file)
SELECT q.quarter, c.file FROM file f
JOIN file c ON c.digest = f.digest AND c.source = f.source AND c.format = f.format AND c.file <> f.file AND c.incomplete IS NULL
JOIN file_quarter q ON q.file = f.file
WHERE f.file = :file;
