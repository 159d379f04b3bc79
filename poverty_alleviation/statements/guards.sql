-- What was issued does not change; only wrong second factors are counted on it.
CREATE OR REPLACE FUNCTION household_statement_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'attempts' - 'blocked_until' <> to_jsonb(OLD) - 'attempts' - 'blocked_until' THEN
        RAISE EXCEPTION 'an issued household statement does not change';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER household_statement_stands BEFORE UPDATE OR DELETE ON household_statement
    FOR EACH ROW EXECUTE FUNCTION household_statement_stands();
SELECT keep_rows('household_statement');
