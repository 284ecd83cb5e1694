-- what one row is: a copy of a file that was read again: its content is told as that file's is now
-- in: :file, :source, :old_format, :old_digest, :format, :digest (16 bytes), :lines
UPDATE file SET format = :format, digest = :digest, lines = :lines, duplicates = :lines - events - conflicts
WHERE digest = :old_digest AND source = :source AND format = :old_format AND file <> :file AND incomplete IS NULL
    AND rejected = 0 AND ignored = 0 AND (same_as = :file OR (same_as IS NULL AND file > :file));
