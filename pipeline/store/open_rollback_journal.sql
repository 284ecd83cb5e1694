-- what: where the file system has no WAL, only every sync survives a power cut
PRAGMA synchronous = FULL;
