-- what one row is: the number of the last migration applied
-- out: number
SELECT value FROM meta WHERE key = 'schema';
