-- What was seen is added; a proposal is decided once and stays, so that it is not made again.
SELECT keep_rows('match_proposal', 'supplier_identity');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON supplier_identity FOR EACH ROW EXECUTE FUNCTION only_erase();

CREATE OR REPLACE TRIGGER match_proposal_only_decided
    BEFORE UPDATE ON match_proposal FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'reason');
CREATE OR REPLACE TRIGGER match_proposal_begins_proposed
    BEFORE INSERT ON match_proposal FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
