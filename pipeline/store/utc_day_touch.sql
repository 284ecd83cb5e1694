-- what one row is: a day whose events changed
-- in: :utc_day
INSERT INTO utc_day (utc_day, generation) VALUES (:utc_day, 1)
ON CONFLICT (utc_day) DO UPDATE SET generation = generation + 1;
