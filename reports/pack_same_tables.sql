-- what one row is: whether two versions hold the same texts of the tables that packs are made of (exactly one row)
-- in:  a, b (versions)
-- out: same (0 or 1)
select not exists (
    select name, digest from table_of_version where version = :a and name in ('prices', 'accounts', 'quotas', 'budgets')
    except select name, digest from table_of_version where version = :b)
    and not exists (
    select name, digest from table_of_version where version = :b and name in ('prices', 'accounts', 'quotas', 'budgets')
    except select name, digest from table_of_version where version = :a) as same;
