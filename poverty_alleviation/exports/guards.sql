-- Templates, mappings and downloads are only added; what was asked for and what was made stay as they were.
SELECT make_append_only('export_mapping', 'export_download');
SELECT keep_rows('export_template', 'office_export');
CREATE OR REPLACE TRIGGER export_template_stands
    BEFORE UPDATE ON export_template FOR EACH ROW EXECUTE FUNCTION only_reseal('content_sealed');

CREATE OR REPLACE FUNCTION office_export_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE OLD.state
        WHEN 'asked' THEN ARRAY['state', 'decided_by', 'decided_at', 'decision_note']
        WHEN 'approved' THEN ARRAY['state', 'claimed_at', 'stored_key', 'row_count', 'ready_at', 'expires_at', 'failure']
        WHEN 'ready' THEN ARRAY['state', 'downloads']
        WHEN 'expired' THEN ARRAY['destroyed_at']
        ELSE ARRAY[]::text[] END;
BEGIN
    IF to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed OR OLD.destroyed_at IS NOT NULL
        OR NEW.downloads < OLD.downloads OR (OLD.stored_key IS NOT NULL AND NEW.stored_key <> OLD.stored_key) THEN
        RAISE EXCEPTION 'export % does not change so', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER office_export_moves
    BEFORE UPDATE ON office_export FOR EACH ROW EXECUTE FUNCTION office_export_moves();

CREATE OR REPLACE FUNCTION office_export_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'asked' OR NEW.downloads <> 0 THEN
        RAISE EXCEPTION 'an export begins by being asked for' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER office_export_begins
    BEFORE INSERT ON office_export FOR EACH ROW EXECUTE FUNCTION office_export_begins();
