-- what one row is: the number of the newest segment, NULL when there is none
-- out: segment
SELECT max(segment) FROM segment;
