-- what one row is: the text of an id
-- in: :id
-- out: text
SELECT text FROM dict WHERE id = :id;
