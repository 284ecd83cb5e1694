-- what one row is: the kept replay of a day under these rules, or without rules the last one made
-- in:  day (days since 1970-01-01); rules (16 bytes or NULL)
-- out: state, rules, generation, program, carry_in, carry_out (digests)
SELECT state, rules, generation, program, carry_in, carry_out FROM quota_day
WHERE day = :day AND (:rules IS NULL OR rules = :rules) ORDER BY state DESC LIMIT 1;
