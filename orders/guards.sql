-- Replaying the events of an order gives its present state, so they stay as they were written.
SELECT make_append_only('order_event');
SELECT keep_rows('after_sales_event');

-- A step of a case stays as it was written, but for its words: they go after the order's address, when retention is over.
CREATE OR REPLACE FUNCTION only_forget_case_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note IS NOT NULL OR to_jsonb(NEW) - 'note' <> to_jsonb(OLD) - 'note'
        OR EXISTS (SELECT 1 FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id
                    WHERE c.id = OLD.case_id AND o.delivery <> '') THEN
        RAISE EXCEPTION 'after_sales_event is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON after_sales_event
    FOR EACH ROW EXECUTE FUNCTION only_forget_case_words();
-- What other channels told stays as it came.
SELECT make_append_only('channel_import', 'channel_order', 'channel_refund', 'channel_settlement');
SELECT make_append_only('invoice_window');
SELECT keep_rows('invoice_request');
SELECT keep_rows('trade', 'customer_order', 'order_line', 'after_sales_case', 'after_sales_item');

-- The orders of a group; most orders have none.
CREATE INDEX IF NOT EXISTS customer_order_group ON customer_order (group_id) WHERE group_id IS NOT NULL;
SELECT keep_rows('buying_group');
SELECT keep_rows('packing_wave', 'packing_wave_order');
SELECT make_append_only('packing_wave_lot');

-- The sweep of after-sales windows comes by every second; orders that have been earned only grow.
CREATE INDEX IF NOT EXISTS customer_order_unearned ON customer_order (id)
    WHERE state = 'received' AND earned_at IS NULL;
CREATE INDEX IF NOT EXISTS customer_order_receipt_check ON customer_order (receipt_check_at, id)
    WHERE state = 'shipped' AND receipt_check_at IS NOT NULL;
-- Who has not paid yet is told before the time to pay is over.
CREATE INDEX IF NOT EXISTS customer_order_unpaid ON customer_order (expires_at, number)
    WHERE state = 'pending_payment';
-- What is packed without a lot is a few lines of a hundred, and is looked through oldest first.
CREATE INDEX IF NOT EXISTS order_line_unattributed ON order_line (id)
    WHERE unattributed_since IS NOT NULL;
-- Receipt of itself looks at orders on their way, deadlines at cases that wait for somebody.
CREATE INDEX IF NOT EXISTS customer_order_receive_by ON customer_order (receive_by, id) WHERE state = 'shipped';
CREATE INDEX IF NOT EXISTS after_sales_case_due ON after_sales_case (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS after_sales_case_open ON after_sales_case (order_id)
    WHERE state NOT IN ('refunded', 'completed', 'closed');

-- A checkout adds up when it is placed: lines to orders, orders to the trade, coupon shares to the discount.
CREATE OR REPLACE FUNCTION check_trade_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    orders int;
    amount bigint;
    wrong int;
BEGIN
    SELECT count(*), sum(o.amount_fen), count(*) FILTER (WHERE
            (l.goods, l.discount, l.freight, l.shares) IS DISTINCT FROM
            (o.goods_fen, o.discount_fen, o.freight_fen, o.discount_fen)
            OR o.consumer <> NEW.consumer OR o.expires_at <> NEW.expires_at)
        INTO orders, amount, wrong
        FROM customer_order o CROSS JOIN LATERAL (
            SELECT sum(gross_fen)::bigint AS goods, sum(discount_fen)::bigint AS discount,
                   sum(freight_fen)::bigint AS freight, sum(CASE WHEN discounts = '[]' THEN 0 ELSE (
                       SELECT sum((d ->> 'fen')::bigint) FROM jsonb_array_elements(discounts) AS d) END)::bigint AS shares
              FROM order_line WHERE order_id = o.id) l
        WHERE o.trade_id = NEW.id;
    IF orders <> NEW.order_count OR amount IS DISTINCT FROM NEW.amount_fen OR wrong > 0 THEN
        RAISE EXCEPTION 'trade % does not add up: % orders, % fen, % wrong', NEW.number, orders, amount, wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS trade_adds_up ON trade;
CREATE CONSTRAINT TRIGGER trade_adds_up
    AFTER INSERT ON trade DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_trade_adds_up();

-- Parcels at stations and tried codes are evidence; the sweep looks at those that wait.
SELECT keep_rows('order_pickup');
SELECT make_append_only('redemption_failure');
CREATE INDEX IF NOT EXISTS order_pickup_due ON order_pickup (due_at, id) WHERE state = 'ready';

-- Retention comes by once an hour and looks for ended orders that still know where they went.
CREATE INDEX IF NOT EXISTS customer_order_known_delivery
    ON customer_order (COALESCE(earned_at, CASE WHEN state = 'closed' THEN closed_at END)) WHERE delivery <> '';

SELECT keep_rows('voucher');
CREATE INDEX IF NOT EXISTS voucher_due ON voucher (valid_until) WHERE state = 'issued';

-- Whether a product was ever ordered, when its old pictures are to be collected.
CREATE INDEX IF NOT EXISTS order_line_of_product ON order_line (product);

-- One line of a cart for each SKU, and for each time that it is booked for.
CREATE UNIQUE INDEX IF NOT EXISTS uq_cart_line ON cart_line (consumer, sku, check_in, check_out) NULLS NOT DISTINCT;

-- When a station last had a parcel ready, and last handed one out.
CREATE INDEX IF NOT EXISTS order_pickup_ready ON order_pickup (site, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS order_pickup_redeemed ON order_pickup (site, ended_at) WHERE state = 'redeemed';

-- What was bought at a source, for its board and its evidence.
CREATE INDEX IF NOT EXISTS order_line_source ON order_line (source) WHERE source IS NOT NULL;
