-- what one row is: the last member read of an archive that could not be read further
-- in: :file, :incomplete the reason, :incomplete_byte in the file as it lies there, :again 1 = the file itself could not be read
UPDATE file SET incomplete = :incomplete, incomplete_byte = :incomplete_byte, mtime_ns = iif(:again, -1, mtime_ns) WHERE file = :file;
