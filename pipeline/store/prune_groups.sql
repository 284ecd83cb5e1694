-- what one row is: a part of a column group of a dropped segment
-- in: :before_day
DELETE FROM segment_group WHERE piece IN (
    SELECT g.piece FROM segment s JOIN segment_group g ON g.piece BETWEEN s.segment * 4096 AND s.segment * 4096 + 4095
    WHERE s.utc_day < :before_day);
