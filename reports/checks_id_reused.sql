-- what one row is: the ids of the asked range that came with different payloads more than 24 hours apart (exactly one row)
-- in:  from_us, to_us (half-open)
-- out: ids
select count(*) as ids from id_span where ts_max >= :from_us and ts_max < :to_us and ts_max - ts_min > 86400000000;
