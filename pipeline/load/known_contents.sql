-- what one row is: a whole file of the ledger, no archive and no copy, of which a new file may be a copy
-- in: nothing
-- out: raw_bytes, raw_digest (16 bytes), source (text), format, node or NULL
SELECT raw_bytes, raw_digest, text_of(source), format, node FROM file
WHERE raw_digest IS NOT NULL AND member = '' AND incomplete IS NULL AND same_as IS NULL
ORDER BY file;
