-- Papers, milestones and follow-ups are added; classes stay as they were planned.
SELECT make_append_only('training_class', 'class_paper', 'incubatee', 'incubatee_milestone', 'training_follow_up');
SELECT keep_rows('project_person', 'training_attendance', 'incubated_shop', 'site_employment');

CREATE OR REPLACE TRIGGER attendance_answered BEFORE UPDATE ON training_attendance
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('is_satisfied');
CREATE OR REPLACE TRIGGER shop_proved BEFORE UPDATE ON incubated_shop
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('first_order', 'first_paid_on', 'proved_by', 'proved_at');
CREATE OR REPLACE TRIGGER employment_ended BEFORE UPDATE ON site_employment
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('valid_until', 'ended_by', 'ended_at');

-- A hold is lifted once, an erasure decided once and done once.
SELECT keep_rows('project_person_hold', 'project_person_erasure');
CREATE OR REPLACE TRIGGER project_person_hold_lifted BEFORE UPDATE ON project_person_hold
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('released_by', 'released_at', 'release_document');
CREATE OR REPLACE TRIGGER project_person_erasure_only_moved BEFORE UPDATE ON project_person_erasure
    FOR EACH ROW EXECUTE FUNCTION only_move_erasure();
CREATE OR REPLACE TRIGGER project_person_erasure_begins_proposed BEFORE INSERT ON project_person_erasure
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- A name or a phone is corrected; the paper is the person, and is only ever sealed anew, or emptied with the rest of it
-- while an erasure is approved. Who is erased stays so.
CREATE OR REPLACE FUNCTION only_correct_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.name_cipher = '' AND NEW.id_number_cipher = ''
        AND NEW.phone_cipher IS NULL
        AND to_jsonb(NEW) - '{name_cipher,id_number_cipher,id_number_index,phone_cipher,erased_at}'::text[]
            = to_jsonb(OLD) - '{name_cipher,id_number_cipher,id_number_index,phone_cipher,erased_at}'::text[]
        AND EXISTS (SELECT FROM project_person_erasure e WHERE e.person_id = OLD.id AND e.state = 'approved') THEN
        RETURN NEW;
    END IF;
    IF OLD.erased_at IS NOT NULL OR to_jsonb(NEW) - '{name_cipher,phone_cipher}'::text[] <> to_jsonb(OLD) - '{name_cipher,phone_cipher}'::text[]
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
