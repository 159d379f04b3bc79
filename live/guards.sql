-- Rooms whose words are still kept, for the end of their retention.
CREATE INDEX IF NOT EXISTS live_session_chat_kept ON live_session (ended_at)
    WHERE ended_at IS NOT NULL AND chat_forgotten_at IS NULL;

-- A person's messages, for the person's own export and the closing of the account.
CREATE INDEX IF NOT EXISTS live_feed_message_author ON live_feed_message (author) WHERE author IS NOT NULL;
-- What a room showed, at which price, with which coupons and words, is evidence.
SELECT keep_rows('live_room_price', 'live_room_coupon', 'live_announcement');
