-- What waits for a worker, looked for every few seconds among everything that was ever sent.
CREATE INDEX IF NOT EXISTS subscribe_message_due ON subscribe_message (next_attempt_at)
    WHERE state IN ('waiting', 'sending');
