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
SELECT make_append_only('payout', 'income_confirmation', 'income_claim', 'channel_money');

-- A span, and a rule's version, may only get its last day.
CREATE OR REPLACE FUNCTION only_end_span() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_until IS NOT NULL OR to_jsonb(NEW) - 'valid_until' <> to_jsonb(OLD) - 'valid_until' THEN
        RAISE EXCEPTION '% may only be ended', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_status_only_ends
    BEFORE UPDATE ON household_status FOR EACH ROW EXECUTE FUNCTION only_end_span();
CREATE OR REPLACE TRIGGER supplier_link_only_ends
    BEFORE UPDATE ON supplier_link FOR EACH ROW EXECUTE FUNCTION only_end_span();
CREATE OR REPLACE TRIGGER benefit_rule_only_ends
    BEFORE UPDATE ON benefit_rule FOR EACH ROW EXECUTE FUNCTION only_end_span();
SELECT keep_rows('household_status', 'supplier_link', 'benefit_rule');

-- One identity number, one household; the register knows it by its blind index alone.
CREATE UNIQUE INDEX IF NOT EXISTS household_id_number ON household (id_number_index);
