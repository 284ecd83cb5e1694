-- what one row is: a quarter-hour that holds a line of a file
-- in: :quarter (ts_us / 900000000), :file
INSERT OR IGNORE INTO file_quarter (quarter, file) VALUES (:quarter, :file);
