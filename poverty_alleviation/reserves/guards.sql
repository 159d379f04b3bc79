-- Terms and what was set off are added and never changed; a claim is decided once and stays as it was proposed.
SELECT make_append_only('reserve_term', 'clawback_offset');
SELECT keep_rows('clawback');
SELECT note_ledger_terms('reserve_term');

CREATE OR REPLACE TRIGGER clawback_only_decided
    BEFORE UPDATE ON clawback FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER clawback_begins_proposed
    BEFORE INSERT ON clawback FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- Lines that still hold something back.
CREATE INDEX IF NOT EXISTS line_basis_reserved ON line_basis (merchant, reserve_until, line)
    WHERE reserve_until IS NOT NULL AND reserve_released_at IS NULL;
