-- what one row is: a part of a column group
-- in: :piece, :version, :data
INSERT INTO segment_group (piece, version, data) VALUES (:piece, :version, :data);
