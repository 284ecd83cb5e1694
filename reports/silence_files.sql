-- what one row is: a day of which a node of the source delivered a file, be it without lines
-- in:  source (text), from_day, to_day (UTC days, inclusive)
-- out: date (UTC day), node (text)
select distinct date, node from file
where source = (select id from dict where text = :source) and date between :from_day and :to_day and node is not null;
