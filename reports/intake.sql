-- what one row is: the files that hold a line of the asked days, whole (exactly one row). A file without events, duplicates
-- and conflicts belongs to the day of its {date}, else to every day
-- in:  from_quarter, to_quarter, today_quarter (ts_us / 900000000; from .. to half-open), from_day, to_day (civil days, inclusive)
-- out: files, lines, events, duplicates, conflicts, ignored, rejected (lines), incomplete (files not completed since),
--      outstanding (rejected lines but those that have been read since, or still may be: of a damaged file that came again whole;
--      the torn end of a log that has calls of the present day, or when a later file at its path, or at one that begins with it
--      (app.log, app.log.1.gz), has all its calls and that line too)
select count(*) as files, coalesce(sum(lines), 0) as lines, coalesce(sum(events), 0) as events,
    coalesce(sum(duplicates), 0) as duplicates, coalesce(sum(conflicts), 0) as conflicts,
    coalesce(sum(ignored), 0) as ignored, coalesce(sum(rejected), 0) as rejected,
    coalesce(sum(incomplete is not null and completed_by is null), 0) as incomplete,
    coalesce(sum(case when completed_by is not null then 0 else rejected - (
        select count(*) from reject torn
        where torn.file = file.file and torn.reason = 'torn_line'
            and exists (select 1 from file_quarter where file = torn.file)
            and (exists (select 1 from file_quarter where file = torn.file and quarter >= :today_quarter)
                or exists (select 1 from file later
                    where later.path >= file.path and later.path < file.path || '~' and later.source = file.source
                        and later.file > file.file and later.bytes > file.bytes
                        and later.duplicates + later.conflicts >= file.events + file.duplicates + file.conflicts
                        and not exists (select 1 from reject r where r.file = later.file and r.line = torn.line))))
        end), 0) as outstanding
from file
where (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)));
