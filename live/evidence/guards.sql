-- The evidence of a session stays, and so do the rows that it was written from.
SELECT keep_rows('live_evidence_bundle', 'live_evidence_hold', 'live_evidence_check', 'live_evidence_copy',
    'live_recording', 'live_pin');
CREATE OR REPLACE TRIGGER begins_sealing BEFORE INSERT ON live_evidence_bundle
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('sealing');
CREATE OR REPLACE TRIGGER released_once BEFORE UPDATE ON live_evidence_hold
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('released_by', 'released_at', 'lifting_document');
-- A look may take several runs, and is told once.
CREATE OR REPLACE TRIGGER checked_once BEFORE UPDATE ON live_evidence_check
    FOR EACH ROW WHEN (OLD.checked_at IS NOT NULL OR to_jsonb(NEW) - 'looked' <> to_jsonb(OLD) - 'looked')
    EXECUTE FUNCTION only_fill_once('checked_at', 'wrong');

-- A bundle is sealed once; it is given up for deletion when its day has come, and not while somebody holds it.
CREATE OR REPLACE FUNCTION only_move_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE OLD.state || '-' || NEW.state
        WHEN 'sealing-sealing' THEN ARRAY['attempts', 'claimed_until']
        WHEN 'sealing-sealed' THEN ARRAY['state', 'claimed_until', 'sealed_at', 'kept_until', 'folder', 'manifest',
            'manifest_sha256', 'signature', 'public_key']
        WHEN 'sealed-deleting' THEN ARRAY['state']
        WHEN 'deleting-deleted' THEN ARRAY['state', 'deleted_at']
        END;
BEGIN
    IF changed IS NULL OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'the evidence of a session may only be moved' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state = 'deleting' AND (OLD.kept_until > now() OR EXISTS (SELECT FROM live_evidence_hold h
            WHERE h.session_id = OLD.session_id AND h.released_at IS NULL)) THEN
        RAISE EXCEPTION 'evidence is kept until % and while it is held', OLD.kept_until
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER only_moved BEFORE UPDATE ON live_evidence_bundle
    FOR EACH ROW EXECUTE FUNCTION only_move_bundle();

-- A cold copy goes its way step by step; nothing on the volume goes before every object was read back.
CREATE OR REPLACE FUNCTION only_move_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.session_id <> OLD.session_id OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
            ('copying', 'copied'), ('copied', 'cold'), ('cold', 'restoring'), ('restoring', 'restored'),
            ('restored', 'copying')) THEN
        RAISE EXCEPTION 'a cold copy may only be moved' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.state = 'copying' AND NEW.state = 'copied' AND (jsonb_array_length(NEW.stored) = 0 OR EXISTS (
            SELECT FROM jsonb_array_elements(NEW.stored) e WHERE NOT (e ->> 'is_verified')::boolean)) THEN
        RAISE EXCEPTION 'what was not read back is no copy' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER only_moved BEFORE UPDATE ON live_evidence_copy
    FOR EACH ROW EXECUTE FUNCTION only_move_copy();
CREATE OR REPLACE TRIGGER begins_copying BEFORE INSERT ON live_evidence_copy
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('copying');
