-- what one row is: how the journal is kept
-- out: text ("wal" where the file system can)
PRAGMA journal_mode;
