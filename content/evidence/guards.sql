-- What arrived stays as it was; only what it proves may be told, once. What never arrived is nothing yet.
CREATE OR REPLACE FUNCTION evidence_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stored_at IS NOT NULL AND (OLD.subject_type IS NOT NULL
        OR to_jsonb(NEW) - '{subject_type,subject_number}'::text[]
            <> to_jsonb(OLD) - '{subject_type,subject_number}'::text[]) THEN
        RAISE EXCEPTION 'evidence % stands', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER evidence_stands BEFORE UPDATE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_stands();
SELECT keep_rows('evidence');
