-- A share is decided once; whom it was counted of stays, until a household is erased.
SELECT keep_rows('assisted_share', 'assisted_share_person');
CREATE OR REPLACE TRIGGER assisted_share_only_decided
    BEFORE UPDATE ON assisted_share FOR EACH ROW
    EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER assisted_share_begins_proposed
    BEFORE INSERT ON assisted_share FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON assisted_share_person FOR EACH ROW EXECUTE FUNCTION only_erase();
