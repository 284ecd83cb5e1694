-- what one row is: a member of a path that has rejected lines, in the order of the ledger
-- out: file, source (text), path, rejected (lines that a mended format may read: all but those of pruned days)
SELECT file, text_of(source), path,
    rejected - coalesce((SELECT r.lines FROM file_reason r
        WHERE r.file = f.file AND r.kind = 'rejected' AND r.reason = 'pruned_day'), 0)
FROM file f
WHERE EXISTS (SELECT 1 FROM file g WHERE g.path = f.path AND g.source = f.source AND g.rejected > 0)
ORDER BY file;
