-- what one row is: an earlier, incomplete reading of a path that has now been read whole, whatever members it has
-- in: :file the last row written for the path, :first the first, :source dict id, :path
UPDATE file SET completed_by = :file
WHERE path = :path AND source = :source AND file < :first AND incomplete IS NOT NULL AND completed_by IS NULL;
