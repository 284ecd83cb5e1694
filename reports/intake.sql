-- what one row is: the files that hold a line of the asked days, whole (exactly one row). A file without events, duplicates
-- and conflicts belongs to the day of its {date}, else to every day
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: files, lines, events, duplicates, conflicts, ignored, rejected (lines), incomplete (files not completed since)
select count(*) as files, coalesce(sum(lines), 0) as lines, coalesce(sum(events), 0) as events,
    coalesce(sum(duplicates), 0) as duplicates, coalesce(sum(conflicts), 0) as conflicts,
    coalesce(sum(ignored), 0) as ignored, coalesce(sum(rejected), 0) as rejected,
    coalesce(sum(incomplete is not null and completed_by is null), 0) as incomplete
from file
where (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)));
