-- what: which sources the pack of a day did not charge for, and for which ones a closed day was last held against its own.

-- unbilled: digest of the names of the sources with "bill": false, '' when all bill. A pack of an older program is looked at once
-- more where some do not.
ALTER TABLE pack_built ADD COLUMN unbilled TEXT NOT NULL DEFAULT '';
ALTER TABLE closed_day ADD COLUMN looked_unbilled TEXT NOT NULL DEFAULT '';
