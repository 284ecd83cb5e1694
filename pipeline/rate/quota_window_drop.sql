-- what one row is: none; takes out what is kept of a replayed day
-- in:  state
-- out: nothing
DELETE FROM quota_window WHERE state = :state;
