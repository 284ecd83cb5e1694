-- what one row is: a team and cost centre of a closed day whose charge, recomputed, is not what it was charged in all
-- in: day (closed), tables (it is reduced with), posted_day (the open day that takes the difference)
-- out: team, cost_center (texts), was (its closed revision), now (recomputed), posted (to other days), mine (to posted_day
--      before; all in cents)
WITH part (team, cost_center, was, now, posted, mine) AS (
    SELECT team, cost_center, billed_cents, 0, 0, 0 FROM settlement WHERE day = :day AND tables = 0
    UNION ALL SELECT team, cost_center, 0, billed_cents, 0, 0 FROM settlement WHERE day = :day AND tables = :tables
    UNION ALL SELECT team, cost_center, amount_cents, amount_cents, 0, 0 FROM adjustment WHERE posted_day = :day
    UNION ALL SELECT team, cost_center, 0, 0, amount_cents, 0 FROM adjustment
        WHERE original_day = :day AND posted_day <> :posted_day
    UNION ALL SELECT team, cost_center, 0, 0, 0, amount_cents FROM adjustment
        WHERE original_day = :day AND posted_day = :posted_day)
SELECT team, cost_center, sum(was), sum(now), sum(posted), sum(mine) FROM part
GROUP BY team, cost_center HAVING sum(now) - sum(was) <> sum(posted) + sum(mine) ORDER BY team, cost_center;
