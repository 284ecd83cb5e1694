-- what one row is: the days of a range together
-- in: :first_day, :last_day (UTC, inclusive)
-- out: sum of generations, 1 when a day is pruned
SELECT coalesce(sum(generation), 0), coalesce(max(pruned <> 0), 0) FROM utc_day WHERE utc_day BETWEEN :first_day AND :last_day;
