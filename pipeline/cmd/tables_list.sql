-- what one row is: a table of a version
-- in: none
-- out: version, imported_us, name, rows, digest (16 hex digits), changed against the version before (0 or 1)
SELECT v.version, v.imported_us, t.name, t.rows, lower(substr(hex(t.digest), 1, 16)),
       NOT EXISTS (SELECT 1 FROM table_of_version p WHERE p.version = v.version - 1 AND p.name = t.name AND p.digest = t.digest)
FROM table_version v JOIN table_of_version t ON t.version = v.version
ORDER BY v.version, t.name;
