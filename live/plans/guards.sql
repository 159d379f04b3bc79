-- What a plan was is evidence; who helped is ended once and stays.
SELECT make_append_only('plan_change');
SELECT keep_rows('session_assistant');
CREATE OR REPLACE TRIGGER session_assistant_removed BEFORE UPDATE ON session_assistant
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('removed_by', 'removed_at');

CREATE EXTENSION IF NOT EXISTS btree_gist;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'session_slot_no_overlap') THEN
        ALTER TABLE session_slot ADD CONSTRAINT session_slot_no_overlap
            EXCLUDE USING gist (session_id WITH =, int4range(from_minute, until_minute) WITH &&);
    END IF;
END
$$;
