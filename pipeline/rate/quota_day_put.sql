-- what one row is: a replayed day
-- in:  day, rules, generation, program, carry_in, carry_out
-- out: nothing
INSERT INTO quota_day (day, rules, generation, program, carry_in, carry_out)
VALUES (:day, :rules, :generation, :program, :carry_in, :carry_out);
