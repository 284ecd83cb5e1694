-- what one row is: a file of the asked days that ends early or is damaged, and that no later whole one completed
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: source (text), file (path, with the member of an archive behind a colon), reason, byte (of the content)
select text_of(source) as source, case when member = '' then path else path || ':' || member end as file,
    incomplete as reason, incomplete_byte as byte
from file
where incomplete is not null and completed_by is null and (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)))
order by 1, 2, 4, 3;
