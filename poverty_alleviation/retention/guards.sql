-- Terms are only added; a hold is lifted once, an erasure decided once and done once.
SELECT make_append_only('retention_rule');
SELECT keep_rows('household_hold', 'household_erasure');

CREATE OR REPLACE FUNCTION only_move_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE NEW.state
        WHEN 'erased' THEN ARRAY['state', 'erased_at', 'report']
        ELSE ARRAY['state', 'decided_by', 'decided_at', 'decision_note'] END;
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('proposed', 'approved'), ('proposed', 'refused'), ('approved', 'erased'))
        OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'erasure % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_erasure_only_moved
    BEFORE UPDATE ON household_erasure FOR EACH ROW EXECUTE FUNCTION only_move_erasure();
CREATE OR REPLACE TRIGGER household_erasure_begins_proposed
    BEFORE INSERT ON household_erasure FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
CREATE OR REPLACE TRIGGER household_hold_stands BEFORE UPDATE ON household_hold
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('released_at');
