-- what one row is: how a pruned day was reduced (exactly one row)
-- in: day
-- out: kept (the table version that it stands with, NULL when it is not written down), newest (the newest version that it was
--      reduced with, NULL when none)
SELECT (SELECT tables FROM pruned_day WHERE day = :day) AS kept,
    (SELECT max(tables) FROM reduced_day WHERE day = :day AND tables > 0) AS newest;
