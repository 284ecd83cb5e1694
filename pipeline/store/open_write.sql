-- what: how a writer uses the file. WAL with synchronous NORMAL: a kill loses nothing that was committed, a power cut may
-- lose the last transactions whole (their files are read again), neither can leave half of one. Overwriting freed pages
-- with zeros (on in Debian) would double the cost of merging id runs and protects nothing: no secret is ever stored. The log is
-- written back every 8 MB, while workers read, so that little is left to do when they are done.
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = OFF;
PRAGMA cache_size = -16384;
PRAGMA wal_autocheckpoint = 500;
PRAGMA journal_size_limit = 67108864;
PRAGMA foreign_keys = OFF;
