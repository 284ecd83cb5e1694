-- what one row is: a quarter-hour that holds a line of a file of the source
-- in:  source (text), from_quarter, to_quarter (ts_us / 900000000, half-open)
-- out: quarter, node (text, null = none); a pair may come once for each file
select q.quarter, f.node from file_quarter q join file f on f.file = q.file
where q.quarter >= :from_quarter and q.quarter < :to_quarter and f.source = (select id from dict where text = :source);
