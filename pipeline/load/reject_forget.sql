-- what one row is: a rejected line of a file that turned out to be a copy
-- in: :file
DELETE FROM reject WHERE file = :file;
