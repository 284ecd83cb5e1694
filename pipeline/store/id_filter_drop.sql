-- what one row is: a part of the filter of a run that was merged
-- in: :first, :last (not included)
DELETE FROM id_filter WHERE part >= :first AND part < :last;
