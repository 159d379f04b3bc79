-- An agreement may only get its last day; what was worked is added, never changed.
CREATE OR REPLACE TRIGGER household_agreement_only_ends
    BEFORE UPDATE ON household_agreement FOR EACH ROW EXECUTE FUNCTION only_end_register_span();
SELECT keep_rows('household_agreement', 'income_sheet');
SELECT make_append_only('attendance', 'income_line');

-- A sheet is decided once; what it says stays as it was written.
CREATE OR REPLACE FUNCTION only_decide_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision_note'];
BEGIN
    IF OLD.state <> 'proposed' OR NEW.state = 'proposed' OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'sheet % may only be decided, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER income_sheet_only_decided
    BEFORE UPDATE ON income_sheet FOR EACH ROW EXECUTE FUNCTION only_decide_sheet();
CREATE OR REPLACE TRIGGER income_sheet_begins_proposed
    BEFORE INSERT ON income_sheet FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
