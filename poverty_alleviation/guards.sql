-- Spans of one household, and of one supplier, never overlap.
CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'household_status_no_overlap') THEN
        ALTER TABLE household_status ADD CONSTRAINT household_status_no_overlap
            EXCLUDE USING gist (household_id WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'supplier_link_no_overlap') THEN
        ALTER TABLE supplier_link ADD CONSTRAINT supplier_link_no_overlap
            EXCLUDE USING gist (supplier WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
END
$$;

-- Evidence is added and never changed.
SELECT make_append_only('payout', 'income_confirmation', 'income_claim', 'channel_money', 'contract_party',
    'reconciled_month');

-- What an approved erasure of its household may empty in a row that otherwise stays (poverty_alleviation/retention).
CREATE OR REPLACE FUNCTION is_erasing(name text, before jsonb, after jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    columns text[] := CASE name
        WHEN 'household_member' THEN ARRAY['name_cipher', 'id_number_cipher', 'id_number_index', 'phone_cipher',
            'phone_index', 'health_cipher', 'sex', 'ethnic_group', 'education', 'schooling', 'skill']
        WHEN 'household_account' THEN ARRAY['number_cipher', 'number_index', 'holder_cipher', 'bank']
        WHEN 'household_wallet' THEN ARRAY['payee_cipher', 'payee_index']
        WHEN 'supplier_identity' THEN ARRAY['id_number_index', 'phone_index', 'village']
        WHEN 'household_year' THEN ARRAY['list_number_index']
        WHEN 'assisted_share_person' THEN ARRAY['mark']
        WHEN 'statement_call' THEN ARRAY['script', 'note']
        WHEN 'statement_sheet' THEN ARRAY['note']
        WHEN 'earlier_filing' THEN ARRAY['note']
        WHEN 'income_dispute' THEN ARRAY['reason', 'answer', 'verdict']
        WHEN 'household_visit' THEN ARRAY['seen']
        WHEN 'household_need' THEN ARRAY['said']
        WHEN 'need_step' THEN ARRAY['note']
        WHEN 'help_measure' THEN ARRAY['about', 'result'] END;
BEGIN
    RETURN coalesce(before - columns = after - columns, false) AND EXISTS (
        SELECT FROM household_erasure e WHERE e.state = 'approved' AND e.household_id = CASE
            WHEN name IN ('statement_call', 'statement_sheet') THEN (SELECT s.household_id FROM household_statement s
                WHERE s.id = (before ->> 'statement_id')::bigint)
            WHEN name = 'earlier_filing' THEN (SELECT s.household_id FROM household_statement s
                WHERE s.id = coalesce((before ->> 'statement_id')::bigint, (SELECT c.statement_id FROM statement_sheet c
                    WHERE c.id = (before ->> 'sheet_id')::bigint)))
            WHEN name = 'supplier_identity' THEN (SELECT l.household_id FROM supplier_link l JOIN household_erasure x
                ON x.household_id = l.household_id AND x.state = 'approved'
                WHERE l.supplier = before ->> 'supplier' LIMIT 1)
            WHEN name = 'need_step' THEN (SELECT n.household_id FROM household_need n
                WHERE n.id = (before ->> 'need_id')::bigint)
            ELSE (before ->> 'household_id')::bigint END);
END
$$;

-- A row that stays as it was written until its household is erased.
CREATE OR REPLACE FUNCTION only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- A span may only get its last day.
CREATE OR REPLACE FUNCTION only_end_span() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_until IS NOT NULL OR to_jsonb(NEW) - 'valid_until' <> to_jsonb(OLD) - 'valid_until' THEN
        RAISE EXCEPTION '% may only be ended', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- Nor a span of the register or an agreement, and that with who gave it and when; a day that was agreed beforehand may
-- so be brought forward. Named columns may be sealed anew.
CREATE OR REPLACE FUNCTION only_end_register_span() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_NARGS > 0 AND (is_resealed(to_jsonb(OLD), to_jsonb(NEW), VARIADIC TG_ARGV::text[])
        OR is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW))) THEN
        RETURN NEW;
    END IF;
    IF OLD.ended_at IS NOT NULL OR NEW.valid_until >= OLD.valid_until
        OR NEW.valid_until IS NULL OR NEW.ended_by IS NULL OR NEW.ended_at IS NULL
        OR to_jsonb(NEW) - '{valid_until,ended_by,ended_at}'::text[]
            <> to_jsonb(OLD) - '{valid_until,ended_by,ended_at}'::text[] THEN
        RAISE EXCEPTION '% may only be ended', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_status_only_ends
    BEFORE UPDATE ON household_status FOR EACH ROW EXECUTE FUNCTION only_end_span();
CREATE OR REPLACE TRIGGER supplier_link_only_ends
    BEFORE UPDATE ON supplier_link FOR EACH ROW EXECUTE FUNCTION only_end_span();
SELECT keep_rows('household_status', 'supplier_link', 'benefit_rule', 'benefit_contract', 'household');

-- What a line or a delivery is divided by on a day: told to the books' log, so that they can be rebuilt (decision 0051).
SELECT note_ledger_terms('household_status', 'valid_until');
SELECT note_ledger_terms('supplier_link', 'valid_until');
SELECT note_ledger_terms('benefit_contract');
SELECT note_ledger_terms('benefit_rule');
DROP TRIGGER IF EXISTS ledger_term ON household;
CREATE CONSTRAINT TRIGGER ledger_term AFTER UPDATE ON household DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id)
    EXECUTE FUNCTION note_ledger_term('merged_into_id', 'merged_on');

-- A version of a rule is decided once, and once approved it may only get its last day.
CREATE OR REPLACE FUNCTION only_decide_or_end_rule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision_note'];
BEGIN
    IF OLD.state = 'approved' AND NEW.state = 'approved' AND OLD.valid_until IS NULL THEN
        changed := ARRAY['valid_until'];
    ELSIF OLD.state <> 'proposed' OR NEW.state = 'proposed' THEN
        changed := ARRAY[]::text[];
    END IF;
    IF to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'rule % may only be decided or ended, once', OLD.code USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER benefit_rule_only_decided
    BEFORE UPDATE ON benefit_rule FOR EACH ROW EXECUTE FUNCTION only_decide_or_end_rule();

-- What a contract says stays as it was drafted; a decided one may only be ended.
CREATE OR REPLACE FUNCTION only_move_contract() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE NEW.state
        WHEN 'submitted' THEN ARRAY['state', 'submitted_at']
        WHEN 'ended' THEN ARRAY['state', 'valid_until', 'ended_by', 'ended_at', 'end_document']
        ELSE ARRAY['state', 'decided_by', 'decided_at', 'decision_note'] END;
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('drafted', 'submitted'), ('drafted', 'refused'), ('submitted', 'approved'),
        ('submitted', 'refused'), ('approved', 'ended')) OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'contract % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER benefit_contract_only_moved
    BEFORE UPDATE ON benefit_contract FOR EACH ROW EXECUTE FUNCTION only_move_contract();

-- Neither begins anywhere but at its beginning.
CREATE OR REPLACE TRIGGER benefit_contract_begins_drafted
    BEFORE INSERT ON benefit_contract FOR EACH ROW EXECUTE FUNCTION begin_at_state('drafted');
CREATE OR REPLACE TRIGGER benefit_rule_begins_proposed
    BEFORE INSERT ON benefit_rule FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- One identity number, one household that stands; the register knows it by its blind index alone.
CREATE UNIQUE INDEX IF NOT EXISTS household_id_number ON household (id_number_index) WHERE merged_into_id IS NULL;

-- Where a household lives does not change, it merges once, and once erased it stays so.
CREATE OR REPLACE FUNCTION only_change_head_or_merge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed text[] := ARRAY['name_cipher', 'id_number_cipher', 'id_number_index', 'phone_cipher'];
BEGIN
    IF OLD.merged_into_id IS NULL THEN
        sealed := sealed || ARRAY['merged_into_id', 'merged_on'];
    END IF;
    IF EXISTS (SELECT FROM household_erasure e WHERE e.household_id = OLD.id AND e.state = 'approved') THEN
        sealed := sealed || ARRAY['erased_at'];
    END IF;
    IF OLD.erased_at IS NOT NULL OR to_jsonb(NEW) - sealed <> to_jsonb(OLD) - sealed THEN
        RAISE EXCEPTION 'household % may only change its head, or merge once', OLD.code
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_only_changes
    BEFORE UPDATE ON household FOR EACH ROW EXECUTE FUNCTION only_change_head_or_merge();
SELECT keep_rows('household');
CREATE INDEX IF NOT EXISTS household_merges ON household (merged_into_id) WHERE merged_into_id IS NOT NULL;
