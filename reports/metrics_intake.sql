-- what one row is: all files ever read (exactly one row)
-- in:  nothing
-- out: events, duplicates, conflicts, ignored, rejected (lines), files, incomplete (files not completed since)
select coalesce(sum(events), 0) as events, coalesce(sum(duplicates), 0) as duplicates, coalesce(sum(conflicts), 0) as conflicts,
    coalesce(sum(ignored), 0) as ignored, coalesce(sum(rejected), 0) as rejected, count(*) as files,
    coalesce(sum(incomplete is not null and completed_by is null), 0) as incomplete
from file;
