-- what one row is: the last member read of an archive that could not be read further
-- in: :file, :incomplete the reason, :incomplete_byte in the file as it lies there
UPDATE file SET incomplete = :incomplete, incomplete_byte = :incomplete_byte WHERE file = :file;
