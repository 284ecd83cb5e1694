-- what one row is: the instant before which the rest of a UTC day takes no more: its civil day began on a pruned one
-- in: :until_us
INSERT INTO meta (key, value) VALUES ('pruned_until_us', :until_us) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value);
