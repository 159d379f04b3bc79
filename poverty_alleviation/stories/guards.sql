-- Whoever is in a story stays in it; a consent is added, and withdrawn once.
SELECT make_append_only('story_person');

CREATE OR REPLACE FUNCTION only_withdraw_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
        OR to_jsonb(NEW) - '{withdrawn_by,withdrawn_at}'::text[] <> to_jsonb(OLD) - '{withdrawn_by,withdrawn_at}'::text[] THEN
        RAISE EXCEPTION 'consent % may only be withdrawn', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER story_consent_only_withdrawn
    BEFORE UPDATE ON story_consent FOR EACH ROW EXECUTE FUNCTION only_withdraw_consent();
SELECT keep_rows('story_consent');
