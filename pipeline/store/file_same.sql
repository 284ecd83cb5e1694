-- what one row is: the earliest whole file with this content that is not itself a copy
-- in: :source dict id, :format, :digest 16 bytes
-- out: all columns of tb_file_entry
SELECT file, source, path, member, node, date, format, wrapper, kind, raw_bytes, raw_digest, mtime_ns, bytes, digest, lines, events,
    duplicates, conflicts, ignored, rejected, incomplete, incomplete_byte, same_as
FROM file
WHERE digest = :digest AND source = :source AND format = :format AND incomplete IS NULL AND same_as IS NULL
ORDER BY file LIMIT 1;
