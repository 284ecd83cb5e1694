-- what one row is: the rejected lines of a file for one reason, without those that are read again
-- in: :file
UPDATE file_reason SET lines = lines - (SELECT count(*) FROM reject r
    WHERE r.file = file_reason.file AND r.reason = file_reason.reason)
WHERE file = :file AND kind = 'rejected' AND reason <> 'pruned_day';
