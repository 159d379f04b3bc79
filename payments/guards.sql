-- What is due is looked for every few seconds, and finished rows only grow.
CREATE INDEX IF NOT EXISTS payment_query_due ON payment (next_query_at) WHERE next_query_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payment_held ON payment (id) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS payment_refund_unfinished ON payment_refund (id) WHERE state <> 'succeeded';
