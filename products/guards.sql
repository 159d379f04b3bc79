-- The history of stock is evidence: rows are added and never changed.
SELECT make_append_only('stock_movement');
