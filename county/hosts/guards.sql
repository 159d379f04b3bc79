-- A hold is lifted once, an erasure decided once and done once.
SELECT keep_rows('live_host_hold', 'live_host_erasure');
CREATE OR REPLACE TRIGGER live_host_hold_lifted BEFORE UPDATE ON live_host_hold
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('released_by', 'released_at', 'release_document');
CREATE OR REPLACE TRIGGER live_host_erasure_only_moved BEFORE UPDATE ON live_host_erasure
    FOR EACH ROW EXECUTE FUNCTION only_move_erasure();
CREATE OR REPLACE TRIGGER live_host_erasure_begins_proposed BEFORE INSERT ON live_host_erasure
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');

-- A host's name and card are sealed anew, or emptied for ever while an erasure is approved.
CREATE OR REPLACE FUNCTION only_forget_host() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    emptied text[] := ARRAY['name_cipher', 'id_number_cipher', 'id_number_index', 'erased_at'];
BEGIN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.name_cipher = '' AND NEW.id_number_cipher = ''
        AND NEW.id_number_index <> OLD.id_number_index AND to_jsonb(NEW) - emptied = to_jsonb(OLD) - emptied
        AND EXISTS (SELECT FROM live_host_erasure e WHERE e.host_id = OLD.id AND e.state = 'approved') THEN
        RETURN NEW;
    END IF;
    IF OLD.erased_at IS NOT NULL
        OR NOT is_resealed(to_jsonb(OLD), to_jsonb(NEW), 'name_cipher', 'id_number_cipher') THEN
        RAISE EXCEPTION 'a host stays the same' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER live_host_only_forgotten BEFORE UPDATE ON live_host
    FOR EACH ROW EXECUTE FUNCTION only_forget_host();
