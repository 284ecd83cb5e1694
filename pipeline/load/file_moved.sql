-- what one row is: what later rows of a file being read took away from its own earlier ones (the row was inserted with zeros)
-- in: :file
-- out: events (negative or 0), duplicates, conflicts
SELECT events, duplicates, conflicts FROM file WHERE file = :file;
