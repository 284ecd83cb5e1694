-- what one row is: none
ROLLBACK;
