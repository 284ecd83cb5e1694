-- what one row is: a part of a column group, in order
-- in: :first, :last pieces
-- out: version, data
SELECT version, data FROM segment_group WHERE piece BETWEEN :first AND :last ORDER BY piece;
