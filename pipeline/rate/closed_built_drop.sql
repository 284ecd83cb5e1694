-- what one row is: from what a reopened day was packed: without it the next run packs the day anew
-- in: day
-- out: nothing
DELETE FROM pack_built WHERE day = :day;
