-- what one row is: a trouble with the file, or "ok"
-- out: text
PRAGMA quick_check(1);
