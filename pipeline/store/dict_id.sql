-- what one row is: the id of a text
-- in: :text
-- out: id
SELECT id FROM dict WHERE text = :text;
