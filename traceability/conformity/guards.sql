-- A certificate is kept as it was issued (at least two years: order 4/2025); it can only be withdrawn, once.
SELECT keep_rows('conformity_certificate');

CREATE OR REPLACE FUNCTION guard_conformity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
        OR to_jsonb(NEW) - 'withdrawn_at' - 'withdrawn_by' - 'withdrawn_because'
        <> to_jsonb(OLD) - 'withdrawn_at' - 'withdrawn_by' - 'withdrawn_because' THEN
        RAISE EXCEPTION 'a certificate stays as it was issued' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER conformity_guard BEFORE UPDATE ON conformity_certificate
    FOR EACH ROW EXECUTE FUNCTION guard_conformity();
