-- what one row is: none; opens the transaction of a writer
BEGIN IMMEDIATE;
