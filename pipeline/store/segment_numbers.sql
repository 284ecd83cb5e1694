-- what one row is: a segment that is there
-- in: :first, :last
-- out: segment
SELECT segment FROM segment WHERE segment BETWEEN :first AND :last;
