-- what one row is: a source and the last instant at which it is known to have spoken
-- in: none
-- out: source name, ts_us
SELECT text_of(f.source), max(s.ts_max) FROM segment s JOIN file f ON f.file = s.file GROUP BY f.source ORDER BY 1;
