-- what one row is: the instant up to which civil days are pruned, 0 when never
-- out: microseconds
SELECT coalesce((SELECT value FROM meta WHERE key = 'pruned_until_us'), 0);
