-- what one row is: what one meter of a consumer and model cost that day at one price row (price_line NULL: as logged, then
--     the meter is request and the quantity requests)
-- in: day, tables; dict ids or NULL; meter; price_line or NULL; quantity (tokens or requests); cost (money text)
-- out: nothing
INSERT INTO charge_cell (day, tables, source, consumer, team, cost_center, provider, model, service_tier, meter, price_line,
    quantity, cost)
VALUES (:day, :tables, :source, :consumer, :team, :cost_center, :provider, :model, :service_tier, :meter, :price_line,
    :quantity, :cost);
