-- what one row is: the number of files of a source whose path bound this {date}, whenever they were read
-- in: :source name, :date UTC day
-- out: n
SELECT count(*) FROM file JOIN dict ON dict.id = file.source WHERE dict.text = :source AND file.date = :date;
