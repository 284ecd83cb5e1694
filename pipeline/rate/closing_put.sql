-- what one row is: an act of closing or reopening
-- in: day, act (close, reopen), name, note (text or NULL), at_us, revision
-- out: nothing
INSERT INTO closing (day, act, name, note, at_us, revision) VALUES (:day, :act, :name, :note, :at_us, :revision);
