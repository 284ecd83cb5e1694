-- what one row is: a table of a version, with its text
-- in: :version
-- out: name, path, text
SELECT t.name, t.path, x.text FROM table_of_version t JOIN table_text x USING (digest) WHERE t.version = :version;
