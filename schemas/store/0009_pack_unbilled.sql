-- what: which sources the pack of a day did not charge for.

-- unbilled: digest of the names of the sources with "bill": false, '' when all bill. A pack of an older program is looked at once
-- more where some do not.
ALTER TABLE pack_built ADD COLUMN unbilled TEXT NOT NULL DEFAULT '';
