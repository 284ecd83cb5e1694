-- what one row is: a day that a file has lines of, whose intake is another now
-- in: :file
UPDATE utc_day SET generation = generation + 1
WHERE pruned = 0 AND utc_day IN (SELECT quarter / 96 FROM file_quarter WHERE file = :file);
