-- what one row is: a rejected line
-- in: :file, :line, :part, :byte, :reason, :excerpt
INSERT OR REPLACE INTO reject (file, line, part, byte, reason, excerpt) VALUES (:file, :line, :part, :byte, :reason, :excerpt);
