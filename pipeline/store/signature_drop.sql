-- what one row is: a part of a segment's signatures
-- in: :before_day; :first, :last place of the group in a segment's pieces
DELETE FROM segment_group WHERE piece IN (
    SELECT g.piece FROM segment s
    JOIN segment_group g ON g.piece BETWEEN s.segment * 4096 + :first AND s.segment * 4096 + :last
    WHERE s.utc_day < :before_day);
