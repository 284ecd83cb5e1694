-- what one row is: a rejected line of a file of the asked days (at most TB_REJECT_ROWS_MAX per file are kept)
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: source (text), node (text, null = none), file (path, with the member of an archive behind a colon), line, byte
--      (of its start in the content), reason, excerpt (keys, no values)
select text_of(file.source) as source, file.node as node,
    case when member = '' then path else path || ':' || member end as file, line, byte, reason, excerpt
from file cross join reject on reject.file = file.file -- cross: the files first, then only their rows
where (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)))
order by 3, 4, 5, reject.part, file.file;
