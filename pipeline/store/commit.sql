-- what one row is: none
COMMIT;
