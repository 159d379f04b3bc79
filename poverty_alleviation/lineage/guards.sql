-- A change is decided once; what was proposed stays as it was.
SELECT keep_rows('household_change');
SELECT make_append_only('contract_succession');

CREATE OR REPLACE TRIGGER household_change_only_decided
    BEFORE UPDATE ON household_change FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER household_change_begins_proposed
    BEFORE INSERT ON household_change FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
