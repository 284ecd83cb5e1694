-- what one row is: an adjustment that is written anew
-- in: posted_day, original_day, team, cost_center (text or NULL)
-- out: nothing
DELETE FROM adjustment
WHERE posted_day = :posted_day AND original_day = :original_day AND team = :team AND cost_center IS :cost_center;
