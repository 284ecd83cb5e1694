-- what one row is: from what the day's last pack was built; no row when there is none
-- in:  day (days since 1970-01-01)
-- out: tables (a version), zone, currency (texts), generation (of the day's events), incomplete (files), rows (SHA-256), adjustments (SHA-256), unbilled (text)
select tables, zone, currency, generation, incomplete, rows, adjustments, unbilled from pack_built where day = :day;
