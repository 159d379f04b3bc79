-- The evidence of a session stays, and so do the rows that it was written from.
SELECT keep_rows('live_evidence_bundle', 'live_evidence_hold', 'live_evidence_check', 'live_recording', 'live_pin');
CREATE OR REPLACE TRIGGER begins_sealing BEFORE INSERT ON live_evidence_bundle
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('sealing');
CREATE OR REPLACE TRIGGER released_once BEFORE UPDATE ON live_evidence_hold
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('released_by', 'released_at', 'lifting_document');
CREATE OR REPLACE TRIGGER checked_once BEFORE UPDATE ON live_evidence_check
    FOR EACH ROW EXECUTE FUNCTION only_fill_once('checked_at', 'wrong');

-- A bundle is sealed once; it is given up for deletion when its day has come, and not while somebody holds it.
CREATE OR REPLACE FUNCTION only_move_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE OLD.state || '-' || NEW.state
        WHEN 'sealing-sealing' THEN ARRAY['attempts', 'claimed_until']
        WHEN 'sealing-sealed' THEN ARRAY['state', 'claimed_until', 'sealed_at', 'kept_until', 'folder', 'manifest',
            'manifest_sha256']
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
