-- what one row is: a value that dimension dim has in the asked days, or in
--     adjustments posted into them; a value may come twice (branches of other dimensions are not walked)
-- in:  dim (a word of CONTRACT.md's DIM), from_day, to_day (inclusive), tables (a version)
-- out: value (a dict id; of day the day, of hour its first instant in ts_us; null = absent), text (null: absent, or an hour)
select day as value, day_text(day) as text from usage_cell
where :dim = 'day' and (day, tables) in (select day, tables from standing) group by day
union all
select hour_us as value, null as text from usage_cell
where :dim = 'hour' and (day, tables) in (select day, tables from standing) group by hour_us
union all
select source as value, text_of(source) as text from usage_cell
where :dim = 'source' and (day, tables) in (select day, tables from standing) group by source
union all
select node as value, text_of(node) as text from usage_cell
where :dim = 'node' and (day, tables) in (select day, tables from standing) group by node
union all
select consumer as value, text_of(consumer) as text from usage_cell
where :dim = 'consumer' and (day, tables) in (select day, tables from standing) group by consumer
union all
select team as value, text_of(team) as text from usage_cell
where :dim = 'team' and (day, tables) in (select day, tables from standing) group by team
union all
select cost_center as value, text_of(cost_center) as text from usage_cell
where :dim = 'cost_center' and (day, tables) in (select day, tables from standing) group by cost_center
union all
select provider as value, text_of(provider) as text from usage_cell
where :dim = 'provider' and (day, tables) in (select day, tables from standing) group by provider
union all
select model as value, text_of(model) as text from usage_cell
where :dim = 'model' and (day, tables) in (select day, tables from standing) group by model
union all
select feature as value, text_of(feature) as text from usage_cell
where :dim = 'feature' and (day, tables) in (select day, tables from standing) group by feature
union all
select variant as value, text_of(variant) as text from usage_cell
where :dim = 'variant' and (day, tables) in (select day, tables from standing) group by variant
union all
select trigger as value, text_of(trigger) as text from usage_cell
where :dim = 'trigger' and (day, tables) in (select day, tables from standing) group by trigger
union all
select (select id from dict where text = team) as value, team as text from adjustment
where :dim = 'team' and posted_day between :from_day and :to_day group by team
union all
select (select id from dict where text = cost_center) as value, cost_center as text from adjustment
where :dim = 'cost_center' and posted_day between :from_day and :to_day group by cost_center;
