-- A story goes forward alone; what was taken down stays down, so a fresh consent is to a fresh story (decision 0068).
CREATE OR REPLACE FUNCTION only_move_story() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE NEW.state
        WHEN 'shown' THEN ARRAY['state', 'channels', 'names', 'shown_until', 'shown_by', 'shown_at']
        ELSE ARRAY['state', 'names', 'taken_down_by', 'taken_down_at', 'taken_down_why'] END;
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('draft', 'shown'), ('draft', 'taken_down'), ('shown', 'taken_down'))
        OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'story % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER public_story_only_moved
    BEFORE UPDATE ON public_story FOR EACH ROW EXECUTE FUNCTION only_move_story();
CREATE OR REPLACE TRIGGER public_story_begins_as_draft
    BEFORE INSERT ON public_story FOR EACH ROW EXECUTE FUNCTION begin_at_state('draft');
SELECT keep_rows('public_story');
CREATE INDEX IF NOT EXISTS public_story_shown_until ON public_story (shown_until) WHERE state = 'shown';
