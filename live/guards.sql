-- A person's messages, for the person's own export and the closing of the account.
CREATE INDEX IF NOT EXISTS live_feed_message_author ON live_feed_message (author) WHERE author IS NOT NULL;
