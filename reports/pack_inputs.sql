-- what one row is: a file of the day's intake
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: source, node (texts, null = none), file (path, with the member of an archive behind a colon), format, kind (texts),
--      digest (32 hex digits: XXH3-128 of the bytes as they lie on disk, an archive's for each member; null for a pipe. The
--      content's own digest is not shown: it is keyed with the prompts' key, and so another in each database), bytes
--      (decompressed), lines
select text_of(source) as source, node, case when member = '' then path else path || ':' || member end as file, format, kind,
    case when raw_digest is not null then lower(hex(raw_digest)) end as digest, bytes, lines
from file
where (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)))
order by 3, 6, 1, 8;
