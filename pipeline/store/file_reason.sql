-- what one row is: how many lines of a file had a reason
-- in: :file, :kind (ignored, rejected), :reason, :lines (added to what is there)
INSERT INTO file_reason (file, kind, reason, lines) VALUES (:file, :kind, :reason, :lines)
ON CONFLICT (file, kind, reason) DO UPDATE SET lines = lines + excluded.lines;
