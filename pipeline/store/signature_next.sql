-- what one row is: the first UTC day whose events still have signatures
-- in: :from_day, :before_day; :first, :last place of the group in a segment's pieces
-- out: utc_day
SELECT s.utc_day FROM segment s
WHERE s.utc_day >= :from_day AND s.utc_day < :before_day AND EXISTS (
    SELECT 1 FROM segment_group g WHERE g.piece BETWEEN s.segment * 4096 + :first AND s.segment * 4096 + :last)
ORDER BY s.utc_day LIMIT 1;
