-- Rooms whose words are still kept, for the end of their retention.
CREATE INDEX IF NOT EXISTS live_session_chat_kept ON live_session (ended_at)
    WHERE ended_at IS NOT NULL AND chat_forgotten_at IS NULL;

-- A person's messages, for the person's own export and the closing of the account.
CREATE INDEX IF NOT EXISTS live_feed_message_author ON live_feed_message (author) WHERE author IS NOT NULL;
-- What a room showed, at which price, with which coupons and words, is evidence.
SELECT keep_rows('live_room_price', 'live_room_coupon', 'live_announcement');

-- What was done about viewers and their words is evidence.
SELECT make_append_only('live_moderation_step');

-- What was reported, and what was answered, stays; the words of somebody who has left go.
SELECT keep_rows('live_report');
CREATE OR REPLACE TRIGGER begins_received BEFORE INSERT ON live_report
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('received');
CREATE OR REPLACE FUNCTION only_move_report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE
        WHEN NEW.state = OLD.state THEN ARRAY['detail']
        WHEN NEW.state = 'taken' THEN ARRAY['state', 'taken_by']
        ELSE ARRAY['state', 'decided_by', 'decided_at', 'answer'] END;
BEGIN
    IF (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('received', 'taken'), ('received', 'upheld'),
            ('received', 'dismissed'), ('taken', 'upheld'), ('taken', 'dismissed')))
        OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'report % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER only_moved BEFORE UPDATE ON live_report FOR EACH ROW EXECUTE FUNCTION only_move_report();
