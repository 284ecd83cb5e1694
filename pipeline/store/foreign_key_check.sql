-- what one row is: a row whose parent is not there
-- out: table, rowid, parent table, key number
PRAGMA foreign_key_check;
