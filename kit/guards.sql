-- Evidence is added and never changed. Rooms call these two from their own guards, table by table.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Rows of these tables may be changed in place where another trigger allows it, and never go.
CREATE OR REPLACE FUNCTION keep_rows(VARIADIC tables text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('REVOKE DELETE, TRUNCATE ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END
$$;

-- Rows of these tables stay as they were written.
CREATE OR REPLACE FUNCTION make_append_only(VARIADIC tables text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    PERFORM keep_rows(VARIADIC tables);
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('REVOKE UPDATE ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END
$$;

-- The dispatcher looks for what is undelivered several times a second; what was delivered only grows.
CREATE INDEX IF NOT EXISTS outbox_message_undelivered ON outbox_message (id) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_message_undelivered_subject ON outbox_message (subject, id)
    WHERE delivered_at IS NULL;
-- Facts that name a person, for the day on which the person's account is closed.
CREATE INDEX IF NOT EXISTS outbox_message_identity ON outbox_message ((payload ->> 'openid'))
    WHERE payload ->> 'openid' IS NOT NULL;
