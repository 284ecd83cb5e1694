-- what one row is: a quarter-hour of :from_file, now of :to_file too
-- in: :from_file, :to_file
INSERT OR IGNORE INTO file_quarter (quarter, file) SELECT quarter, :to_file FROM file_quarter WHERE file = :from_file;
