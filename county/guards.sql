-- What was done about a complaint, and the clocks that held, are evidence.
SELECT make_append_only('complaint_clock');
SELECT keep_rows('complaint', 'complaint_message', 'complaint_step');

-- A step stays as it was written, but for its words: they go after those of its complaint, when retention is over.
CREATE OR REPLACE FUNCTION only_forget_complaint_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text <> '' OR to_jsonb(NEW) - 'text' <> to_jsonb(OLD) - 'text'
        OR EXISTS (SELECT 1 FROM complaint WHERE id = OLD.complaint_id AND (detail <> '' OR state <> 'closed')) THEN
        RAISE EXCEPTION 'complaint_step is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON complaint_step
    FOR EACH ROW EXECUTE FUNCTION only_forget_complaint_words();

CREATE INDEX IF NOT EXISTS complaint_picture_due ON complaint_picture (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS complaint_of_order ON complaint (order_number) WHERE order_number IS NOT NULL;

-- A fund and what the bank says of it are facts; budgets and payments are proposed, and decided once.
SELECT make_append_only('county_fund', 'fund_move', 'fund_bank_payment', 'meeting_rhythm', 'meeting');
SELECT keep_rows('fund_line', 'fund_change', 'fund_payment');

CREATE OR REPLACE FUNCTION only_move_budget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'budget_fen' <> to_jsonb(OLD) - 'budget_fen' THEN
        RAISE EXCEPTION 'of a line of a fund only its budget moves' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER fund_line_moves BEFORE UPDATE ON fund_line
    FOR EACH ROW EXECUTE FUNCTION only_move_budget();

CREATE OR REPLACE TRIGGER fund_change_only_decided
    BEFORE UPDATE ON fund_change FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER fund_change_begins_proposed
    BEFORE INSERT ON fund_change FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
CREATE OR REPLACE TRIGGER fund_payment_only_decided
    BEFORE UPDATE ON fund_payment FOR EACH ROW EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER fund_payment_begins_proposed
    BEFORE INSERT ON fund_payment FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- What was published stays as it was, and is withdrawn once; a complaint is ended once.
SELECT keep_rows('disclosure_item', 'disclosure_complaint');

CREATE OR REPLACE FUNCTION only_withdraw_disclosure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR to_jsonb(NEW) - '{withdrawn_by,withdrawn_at,withdrawal_reason}'::text[]
        <> to_jsonb(OLD) - '{withdrawn_by,withdrawn_at,withdrawal_reason}'::text[] THEN
        RAISE EXCEPTION '% may only be withdrawn, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER disclosure_withdrawn BEFORE UPDATE ON disclosure_item
    FOR EACH ROW EXECUTE FUNCTION only_withdraw_disclosure();

CREATE OR REPLACE FUNCTION only_end_disclosure_complaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'received' OR to_jsonb(NEW) - '{state,answer,ended_by,ended_at}'::text[]
        <> to_jsonb(OLD) - '{state,answer,ended_by,ended_at}'::text[] THEN
        RAISE EXCEPTION '% may only be ended, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER disclosure_complaint_ended BEFORE UPDATE ON disclosure_complaint
    FOR EACH ROW EXECUTE FUNCTION only_end_disclosure_complaint();
