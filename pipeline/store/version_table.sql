-- what one row is: a table of a version
-- in: :version, :name, :path, :digest (16 bytes), :rows
INSERT INTO table_of_version (version, name, path, digest, rows) VALUES (:version, :name, :path, :digest, :rows);
