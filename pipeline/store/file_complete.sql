-- what one row is: an earlier, incomplete reading of the path and member that :file has whole
-- in: :file, :source, :path, :member
UPDATE file SET completed_by = :file
WHERE path = :path AND member = :member AND source = :source AND file < :file AND incomplete IS NOT NULL AND completed_by IS NULL;
