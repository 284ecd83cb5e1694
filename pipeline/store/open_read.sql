-- what: how a reader uses the file
PRAGMA query_only = ON;
PRAGMA cache_size = -16384;
