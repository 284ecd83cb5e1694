-- what one row is: the smallest node that a content came from
-- in: :source dict id, :format, :digest 16 bytes
-- out: node or NULL
SELECT min(node) FROM file WHERE digest = :digest AND source = :source AND format = :format;
