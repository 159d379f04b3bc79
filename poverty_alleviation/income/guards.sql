-- An agreement may only get its last day; what was worked is added, never changed.
CREATE OR REPLACE TRIGGER household_agreement_only_ends
    BEFORE UPDATE ON household_agreement FOR EACH ROW EXECUTE FUNCTION only_end_register_span();
SELECT keep_rows('household_agreement', 'income_sheet');
SELECT make_append_only('attendance', 'income_line');

-- A sheet is decided once; what it says stays as it was written.
CREATE OR REPLACE TRIGGER income_sheet_only_decided
    BEFORE UPDATE ON income_sheet FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER income_sheet_begins_proposed
    BEFORE INSERT ON income_sheet FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
