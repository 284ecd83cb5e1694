-- what one row is: the schema and the program that brought it there
-- in: :schema number of the migration, :program version text
INSERT INTO meta (key, value) VALUES ('schema', :schema), ('program', :program)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
