-- what one row is: how many lines of a file of the asked days were rejected for one reason (all are counted)
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: source (text), node (text, null = none), file (path, with the member of an archive behind a colon), reason, lines
select text_of(file.source) as source, file.node as node,
    case when member = '' then path else path || ':' || member end as file, reason, file_reason.lines as lines
from file cross join file_reason on file_reason.file = file.file -- cross: the files first, then only their rows
where file_reason.kind = 'rejected' and (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)))
order by 3, 4, file.file;
