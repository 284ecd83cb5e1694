-- what one row is: a text that was not there
-- in: :text
INSERT INTO dict (text) VALUES (:text);
