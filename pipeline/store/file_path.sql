-- what one row is: where a file of the ledger lies
-- in: :file
-- out: path, member
SELECT path, member FROM file WHERE file = :file;
