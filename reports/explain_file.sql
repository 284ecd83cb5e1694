-- what one row is: a file of the ledger
-- in:  file
-- out: file (path, with the member of an archive behind a colon), node, format (texts, null = none), lines
select case when member = '' then path else path || ':' || member end as file, node, format, lines from file where file.file = :file;
