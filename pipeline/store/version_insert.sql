-- what one row is: a version of all tables together
-- in: :version, :imported_us
INSERT INTO table_version (version, imported_us) VALUES (:version, :imported_us);
