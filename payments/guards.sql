-- What is due is looked for every few seconds, and finished rows only grow.
CREATE INDEX IF NOT EXISTS payment_query_due ON payment (next_query_at) WHERE next_query_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payment_held ON payment (id) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS payment_refund_unfinished ON payment_refund (id) WHERE state <> 'succeeded';

-- Bills are compared with our rows by the channel's number of a payment and ours of a refund.
CREATE INDEX IF NOT EXISTS payment_bill_line_transaction ON payment_bill_line (transaction_id);
CREATE INDEX IF NOT EXISTS payment_bill_line_refund ON payment_bill_line (refund_number) WHERE refund_number <> '';
CREATE INDEX IF NOT EXISTS payment_bill_line_open ON payment_bill_line (bill_id) WHERE difference IS NOT NULL;

-- What was done about a difference is evidence.
SELECT make_append_only('bill_difference_step');
SELECT keep_rows('bill_difference');

-- A payer's payments, for the payer's own export and the closing of the account.
CREATE INDEX IF NOT EXISTS payment_of_payer ON payment (payer_openid);
