-- what one row is: a reason of a file that is read as if it were new
-- in: :file
DELETE FROM file_reason WHERE file = :file;
