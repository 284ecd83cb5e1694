-- what one row is: whether this path was read with this size and time, ended early, and was not completed since
-- in: :source dict id, :path, :raw_bytes, :mtime_ns
-- out: 0 or 1
SELECT EXISTS (SELECT 1 FROM file WHERE path = :path AND source = :source AND raw_bytes = :raw_bytes AND mtime_ns = :mtime_ns
    AND incomplete IS NOT NULL AND completed_by IS NULL);
