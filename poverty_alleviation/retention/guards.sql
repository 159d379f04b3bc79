-- Terms are only added; a hold is lifted once, an erasure decided once and done once.
SELECT make_append_only('retention_rule');
SELECT keep_rows('household_hold', 'household_erasure');

CREATE OR REPLACE TRIGGER household_erasure_only_moved
    BEFORE UPDATE ON household_erasure FOR EACH ROW EXECUTE FUNCTION only_move_erasure();
CREATE OR REPLACE TRIGGER household_erasure_begins_proposed
    BEFORE INSERT ON household_erasure FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
CREATE OR REPLACE TRIGGER household_hold_stands BEFORE UPDATE ON household_hold
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('released_at');
