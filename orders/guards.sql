-- Replaying the events of an order gives its present state, so they stay as they were written.
SELECT make_append_only('order_event');
SELECT keep_rows('customer_order', 'order_line', 'after_sales_case');

-- The sweep of after-sales windows comes by every second; orders that have been earned only grow.
CREATE INDEX IF NOT EXISTS customer_order_unearned ON customer_order (id)
    WHERE state = 'received' AND earned_at IS NULL;
