-- What waits for a worker, looked for every few seconds among everything that was ever sent.
CREATE INDEX IF NOT EXISTS subscribe_message_due ON subscribe_message (next_attempt_at)
    WHERE state IN ('waiting', 'sending');
-- A person's messages, for the person's own export and the closing of the account.
CREATE INDEX IF NOT EXISTS subscribe_message_of_person ON subscribe_message (openid);
CREATE INDEX IF NOT EXISTS pushed_event_sender ON pushed_event (sender);
