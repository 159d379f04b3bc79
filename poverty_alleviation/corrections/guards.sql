-- A correction is decided once; what was proposed stays as it was.
SELECT keep_rows('correction');

CREATE OR REPLACE FUNCTION only_decide_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'proposed' OR NEW.state = 'proposed'
        OR to_jsonb(NEW) - 'state' - 'decided_by' - 'decided_at' - 'decision_note'
        <> to_jsonb(OLD) - 'state' - 'decided_by' - 'decided_at' - 'decision_note' THEN
        RAISE EXCEPTION 'correction % may only be decided, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER correction_only_decided
    BEFORE UPDATE ON correction FOR EACH ROW EXECUTE FUNCTION only_decide_correction();

CREATE OR REPLACE FUNCTION begin_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'a correction begins as a proposal' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER correction_begins_proposed
    BEFORE INSERT ON correction FOR EACH ROW EXECUTE FUNCTION begin_correction();

-- One proposal of a thing at a time.
CREATE UNIQUE INDEX IF NOT EXISTS correction_pending ON correction (kind, target) WHERE state = 'proposed';
CREATE INDEX IF NOT EXISTS correction_by_state ON correction (state, id);
