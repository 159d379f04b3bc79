-- What arrived stays as it was; only what it proves may be told, once (which statement a signed sheet is of may be told
-- anew: the room of the sheets keeps what it was told before), and where and by which key its file is sealed
-- may change, and it may be forgotten for ever: the hash of the photograph itself says that it is the same. What never arrived is nothing yet.
CREATE OR REPLACE FUNCTION evidence_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text[] := ARRAY['subject_type', 'subject_number'];
    file text[] := ARRAY['stored_key', 'sealed_by', 'spare_key', 'spare_since', 'forgotten_at', 'dropped_at'];
BEGIN
    IF OLD.stored_at IS NOT NULL AND (OLD.forgotten_at IS NOT NULL AND NEW.forgotten_at IS NULL OR to_jsonb(NEW) - file - told <> to_jsonb(OLD) - file - told
        OR OLD.subject_type IS NOT NULL AND NOT (OLD.kind = 'signed_statement' AND NEW.subject_type = OLD.subject_type)
            AND (OLD.subject_type, OLD.subject_number) IS DISTINCT FROM (NEW.subject_type, NEW.subject_number)) THEN
        RAISE EXCEPTION 'evidence % stands', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER evidence_stands BEFORE UPDATE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_stands();
SELECT keep_rows('evidence');
