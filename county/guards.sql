-- What was done about a complaint, and the clocks that held, are evidence.
SELECT make_append_only('complaint_clock');
SELECT keep_rows('complaint', 'complaint_message', 'complaint_step');

-- A step stays as it was written, but for its words: they go after those of its complaint, when retention is over.
CREATE OR REPLACE FUNCTION only_forget_complaint_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text <> '' OR to_jsonb(NEW) - 'text' <> to_jsonb(OLD) - 'text'
        OR EXISTS (SELECT 1 FROM complaint WHERE id = OLD.complaint_id AND (detail <> '' OR state <> 'closed')) THEN
        RAISE EXCEPTION 'complaint_step is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON complaint_step
    FOR EACH ROW EXECUTE FUNCTION only_forget_complaint_words();

CREATE INDEX IF NOT EXISTS complaint_picture_due ON complaint_picture (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS complaint_of_order ON complaint (order_number) WHERE order_number IS NOT NULL;
