-- A person belongs to one household at a time, whichever code or paper says who it is; a household has one head;
-- one account of a household has one span at a time.
CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'household_member_no_overlap') THEN
        ALTER TABLE household_member ADD CONSTRAINT household_member_no_overlap
            EXCLUDE USING gist (code WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'household_member_paper_no_overlap') THEN
        ALTER TABLE household_member ADD CONSTRAINT household_member_paper_no_overlap
            EXCLUDE USING gist (id_number_index WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'household_member_head_no_overlap') THEN
        ALTER TABLE household_member ADD CONSTRAINT household_member_head_no_overlap
            EXCLUDE USING gist (household_id WITH =, daterange(valid_from, valid_until) WITH &&)
            WHERE (relation = 'head');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'household_account_no_overlap') THEN
        ALTER TABLE household_account ADD CONSTRAINT household_account_no_overlap
            EXCLUDE USING gist (household_id WITH =, number_index WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'register_label_no_overlap') THEN
        ALTER TABLE register_label ADD CONSTRAINT register_label_no_overlap
            EXCLUDE USING gist (kind WITH =, zh WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
END
$$;

CREATE OR REPLACE TRIGGER household_member_only_ends
    BEFORE UPDATE ON household_member FOR EACH ROW EXECUTE FUNCTION only_end_register_span(
        'name_cipher', 'id_number_cipher', 'phone_cipher', 'health_cipher');
CREATE OR REPLACE TRIGGER household_account_only_ends
    BEFORE UPDATE ON household_account FOR EACH ROW EXECUTE FUNCTION only_end_register_span(
        'holder_cipher', 'number_cipher');

CREATE OR REPLACE FUNCTION only_end_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_resealed(to_jsonb(OLD), to_jsonb(NEW), 'payee_cipher')
        OR is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
        OR to_jsonb(NEW) - '{ended_by,ended_at}'::text[] <> to_jsonb(OLD) - '{ended_by,ended_at}'::text[] THEN
        RAISE EXCEPTION '% may only be ended', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_wallet_only_ends
    BEFORE UPDATE ON household_wallet FOR EACH ROW EXECUTE FUNCTION only_end_wallet();
SELECT keep_rows('household_member', 'household_account', 'household_wallet', 'household_year');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON household_year FOR EACH ROW EXECUTE FUNCTION only_erase();
SELECT make_append_only('register_label', 'household_income', 'income_item_rule', 'register_import');
