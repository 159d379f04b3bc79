-- Papers, milestones and follow-ups are added; classes stay as they were planned.
SELECT make_append_only('training_class', 'class_paper', 'incubatee', 'incubatee_milestone', 'training_follow_up');
SELECT keep_rows('project_person', 'training_attendance', 'incubated_shop', 'site_employment');

-- The arguments are columns that are written once, while all of them are empty.
CREATE OR REPLACE FUNCTION only_fill_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV::text[] <> to_jsonb(OLD) - TG_ARGV::text[]
        OR EXISTS (SELECT FROM unnest(TG_ARGV::text[]) AS c WHERE to_jsonb(OLD) ->> c IS NOT NULL) THEN
        RAISE EXCEPTION '% stays as it was entered', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER attendance_answered BEFORE UPDATE ON training_attendance
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('is_satisfied');
CREATE OR REPLACE TRIGGER shop_proved BEFORE UPDATE ON incubated_shop
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('first_order', 'first_paid_on', 'proved_by', 'proved_at');
CREATE OR REPLACE TRIGGER employment_ended BEFORE UPDATE ON site_employment
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('valid_until', 'ended_by', 'ended_at');

-- A name or a phone is corrected; the paper is the person, and is only ever sealed anew.
CREATE OR REPLACE FUNCTION only_correct_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{name_cipher,phone_cipher}'::text[] <> to_jsonb(OLD) - '{name_cipher,phone_cipher}'::text[]
        AND NOT is_resealed(to_jsonb(OLD), to_jsonb(NEW), 'name_cipher', 'id_number_cipher', 'phone_cipher') THEN
        RAISE EXCEPTION 'a person stays the same' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER project_person_corrected BEFORE UPDATE ON project_person
    FOR EACH ROW EXECUTE FUNCTION only_correct_person();

CREATE EXTENSION IF NOT EXISTS btree_gist;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'site_employment_no_overlap') THEN
        ALTER TABLE site_employment ADD CONSTRAINT site_employment_no_overlap
            EXCLUDE USING gist (person_id WITH =, site WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
END
$$;
