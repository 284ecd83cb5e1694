-- what one row is: whether this path was read with this size and time, each of its members whole or completed later
-- in: :source, :path, :raw_bytes, :mtime_ns
-- out: 0 or 1
SELECT EXISTS (SELECT 1 FROM file WHERE path = :path AND source = :source AND raw_bytes = :raw_bytes AND mtime_ns = :mtime_ns)
    AND NOT EXISTS (SELECT 1 FROM file WHERE path = :path AND source = :source AND raw_bytes = :raw_bytes
        AND mtime_ns IN (:mtime_ns, -1) AND incomplete IS NOT NULL AND completed_by IS NULL);
