-- what one row is: a file that lost events to a later file's records
-- in: :file, :duplicates, :conflicts (how many of its events are that now)
UPDATE file SET events = events - :duplicates - :conflicts, duplicates = duplicates + :duplicates,
    conflicts = conflicts + :conflicts
WHERE file = :file;
