-- what one row is: the ledger of the files of the asked days against what is stored of them (exactly one row)
-- in:  from_quarter, to_quarter (ts_us / 900000000, half-open), from_day, to_day (civil days, inclusive)
-- out: reasons (lines ignored or rejected, counted by reason), stored (live events in the store's segments), pruned (1 when
--      a day that the files have lines of was pruned: stored is then no control)
with asked as (
    select file.file from file where (file.file in
        (select file from file_quarter where quarter >= :from_quarter and quarter < :to_quarter)
    or (file.file not in (select file from file_quarter)
        and (file.date is null or file.date between :from_day and :to_day)))
)
select coalesce((select sum(file_reason.lines) from file_reason where file in (select file from asked)), 0) as reasons,
    coalesce((select sum(segment.rows - coalesce(segment_dead.dead, 0))
        from segment left join segment_dead on segment_dead.segment = segment.segment
        where segment.file in (select file from asked)), 0) as stored,
    exists (select 1 from file_quarter join utc_day on utc_day.utc_day = file_quarter.quarter / 96
        where utc_day.pruned <> 0 and file_quarter.file in (select file from asked)) as pruned;
