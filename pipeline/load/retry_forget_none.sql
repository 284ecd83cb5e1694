-- what one row is: a reason that no line of a file has any more
-- in: :file
DELETE FROM file_reason WHERE file = :file AND lines = 0;
