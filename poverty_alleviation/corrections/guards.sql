-- A correction is decided once; what was proposed stays as it was.
SELECT keep_rows('correction');

CREATE OR REPLACE TRIGGER correction_only_decided
    BEFORE UPDATE ON correction FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');

CREATE OR REPLACE TRIGGER correction_begins_proposed
    BEFORE INSERT ON correction FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- One proposal of a thing at a time.
CREATE UNIQUE INDEX IF NOT EXISTS correction_pending ON correction (kind, target) WHERE state = 'proposed';
CREATE INDEX IF NOT EXISTS correction_by_state ON correction (state, id);
