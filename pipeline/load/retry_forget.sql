-- what one row is: a rejected record that is read again
-- in: :file
DELETE FROM reject WHERE file = :file AND reason <> 'pruned_day';
