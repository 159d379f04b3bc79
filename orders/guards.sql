-- Replaying the events of an order gives its present state, so they stay as they were written.
SELECT make_append_only('order_event');
SELECT keep_rows('customer_order', 'order_line', 'after_sales_case');
