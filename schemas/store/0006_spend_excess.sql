-- what: a stretch over an hour limit also says what was spent beyond it: the area between the trailing 60-minute sum and the
--     limit. Stretches kept before say 0.
-- units: money as exact decimal text.
ALTER TABLE spend_over ADD COLUMN excess TEXT NOT NULL DEFAULT '0';
