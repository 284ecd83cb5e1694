-- what one row is: a part of a run's filter
-- in: :part, :data
INSERT INTO id_filter (part, data) VALUES (:part, :data);
