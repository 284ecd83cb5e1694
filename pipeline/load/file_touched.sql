-- what one row is: a whole file of the ledger at this very path with these very bytes, whose time alone has changed; it takes the new one
-- in: :source, :path, :raw_digest (16 bytes), :mtime_ns
-- out: file
UPDATE file SET mtime_ns = :mtime_ns
WHERE path = :path AND member = '' AND source = :source AND raw_digest = :raw_digest AND incomplete IS NULL
RETURNING file;
