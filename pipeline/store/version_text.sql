-- what one row is: the text of a table, kept once however many versions have it
-- in: :digest (16 bytes), :text
INSERT OR IGNORE INTO table_text (digest, text) VALUES (:digest, :text);
