-- what one row is: a file of the ledger
-- in: :file
-- out: all columns of tb_file_entry
SELECT file, source, path, member, node, date, format, wrapper, kind, raw_bytes, raw_digest, mtime_ns, bytes, digest, lines, events,
    duplicates, conflicts, ignored, rejected, incomplete, incomplete_byte, same_as
FROM file WHERE file = :file;
