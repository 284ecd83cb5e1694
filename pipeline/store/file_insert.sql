-- what one row is: a file of the ledger, new (:file NULL) or rewritten
-- in: every column of tb_file_entry
INSERT INTO file (file, source, path, member, node, date, format, wrapper, kind, raw_bytes, raw_digest, mtime_ns, bytes, digest,
    lines, events, duplicates, conflicts, ignored, rejected, incomplete, incomplete_byte, same_as)
VALUES (:file, :source, :path, :member, :node, :date, :format, :wrapper, :kind, :raw_bytes, :raw_digest, :mtime_ns, :bytes,
    :digest, :lines, :events, :duplicates, :conflicts, :ignored, :rejected, :incomplete, :incomplete_byte, :same_as)
ON CONFLICT (file) DO UPDATE SET source = excluded.source, path = excluded.path, member = excluded.member, node = excluded.node,
    date = excluded.date, format = excluded.format, wrapper = excluded.wrapper, kind = excluded.kind,
    raw_bytes = excluded.raw_bytes, raw_digest = excluded.raw_digest, mtime_ns = excluded.mtime_ns, bytes = excluded.bytes,
    digest = excluded.digest, lines = excluded.lines, events = excluded.events, duplicates = excluded.duplicates,
    conflicts = excluded.conflicts, ignored = excluded.ignored, rejected = excluded.rejected, incomplete = excluded.incomplete,
    incomplete_byte = excluded.incomplete_byte, same_as = excluded.same_as;
