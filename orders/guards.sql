-- Replaying the events of an order gives its present state, so they stay as they were written.
SELECT make_append_only('order_event');
SELECT make_append_only('after_sales_event');
SELECT keep_rows('customer_order', 'order_line', 'after_sales_case', 'after_sales_item');

-- The sweep of after-sales windows comes by every second; orders that have been earned only grow.
CREATE INDEX IF NOT EXISTS customer_order_unearned ON customer_order (id)
    WHERE state = 'received' AND earned_at IS NULL;
-- Receipt of itself looks at orders on their way, deadlines at cases that wait for somebody.
CREATE INDEX IF NOT EXISTS customer_order_receive_by ON customer_order (receive_by, id) WHERE state = 'shipped';
CREATE INDEX IF NOT EXISTS after_sales_case_due ON after_sales_case (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS after_sales_case_open ON after_sales_case (order_id)
    WHERE state NOT IN ('refunded', 'completed', 'closed');
