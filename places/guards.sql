-- A span of a poor village ends once; nothing else about it changes.
SELECT keep_rows('poor_village');

CREATE OR REPLACE FUNCTION guard_poor_village() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_until IS NOT NULL OR to_jsonb(NEW) - 'valid_until' - 'ended_by' - 'ended_at'
        <> to_jsonb(OLD) - 'valid_until' - 'ended_by' - 'ended_at' THEN
        RAISE EXCEPTION 'a poor village stays as it was flagged' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER poor_village_guard BEFORE UPDATE ON poor_village
    FOR EACH ROW EXECUTE FUNCTION guard_poor_village();
