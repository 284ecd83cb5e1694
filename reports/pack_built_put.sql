-- what one row is: from what the day's last pack was built, written anew
-- in:  day, tables (a version), zone, currency (texts), generation, incomplete (files), rows, adjustments (SHA-256), unbilled (text)
-- out: nothing
insert or replace into pack_built (day, tables, zone, currency, generation, incomplete, rows, adjustments, unbilled)
values (:day, :tables, :zone, :currency, :generation, :incomplete, :rows, :adjustments, :unbilled);
