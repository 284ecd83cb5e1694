-- what one row is: a team and cost centre of an open day of which other days were charged something while it was closed, and
--     that its own row does not take back yet
-- in: day (open), tables (it is reduced with)
-- out: team, cost_center (texts), now (its own charge), posted (to other days), mine (taken back before; all in cents)
WITH part (team, cost_center, now, posted, mine) AS (
    SELECT team, cost_center, 0, amount_cents, 0 FROM adjustment WHERE original_day = :day AND posted_day <> :day
    UNION ALL SELECT team, cost_center, 0, 0, amount_cents FROM adjustment WHERE original_day = :day AND posted_day = :day
    UNION ALL SELECT team, cost_center, billed_cents, 0, 0 FROM settlement
        WHERE day = :day AND tables = :tables AND EXISTS (SELECT 1 FROM adjustment WHERE original_day = :day))
SELECT team, cost_center, sum(now), sum(posted), sum(mine) FROM part
GROUP BY team, cost_center HAVING sum(posted) + sum(mine) <> 0 ORDER BY team, cost_center;
