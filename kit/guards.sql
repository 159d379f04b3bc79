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

-- The key that a sealed value names in its head (integrations/field_encryption/cipher.py); '?' when it has no such head,
-- NULL when it was emptied.
CREATE OR REPLACE FUNCTION sealed_by(sealed bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN sealed = '' THEN NULL WHEN length(sealed) < 3 OR get_byte(sealed, 0) <> 2 THEN '?'
        ELSE encode(substring(sealed FROM 4 FOR get_byte(sealed, 2)), 'escape') END
$$;

-- Whether a row changed by those sealed columns alone, and each of them by another key.
CREATE OR REPLACE FUNCTION is_resealed(before jsonb, after jsonb, VARIADIC columns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT before - columns = after - columns AND bool_and(before ->> c IS NOT DISTINCT FROM after ->> c
        OR coalesce(sealed_by((before ->> c)::bytea) <> sealed_by((after ->> c)::bytea), false))
    FROM unnest(columns) AS c
$$;

-- A row that stays as it was written, but for the key that its named columns are sealed by.
CREATE OR REPLACE FUNCTION only_reseal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT is_resealed(to_jsonb(OLD), to_jsonb(NEW), VARIADIC TG_ARGV::text[]) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- What goes from state to state begins at its beginning.
CREATE OR REPLACE FUNCTION begin_at_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) ->> 'state' <> TG_ARGV[0] THEN
        RAISE EXCEPTION '% begins as %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- What was proposed is decided once and stays as it was proposed; the arguments are the columns that a decision writes.
CREATE OR REPLACE FUNCTION only_decide() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb := to_jsonb(NEW);
    written text[] := TG_ARGV::text[] || ARRAY['state'];
BEGIN
    IF old_row ->> 'state' <> 'proposed' OR new_row ->> 'state' = 'proposed' OR new_row - written <> old_row - written THEN
        RAISE EXCEPTION '% % may only be decided, once', TG_TABLE_NAME, old_row ->> 'number'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- The arguments are columns that are written once, while all of them are empty.
CREATE OR REPLACE FUNCTION only_fill_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV::text[] <> to_jsonb(OLD) - TG_ARGV::text[]
        OR EXISTS (SELECT FROM unnest(TG_ARGV::text[]) AS c WHERE to_jsonb(OLD) ->> c IS NOT NULL) THEN
        RAISE EXCEPTION '% stays as it was entered', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
-- What is to be erased is proposed, decided once and done once; a report may be written then, where there is one.
CREATE OR REPLACE FUNCTION only_move_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE NEW.state
        WHEN 'erased' THEN ARRAY['state', 'erased_at', 'report']
        ELSE ARRAY['state', 'decided_by', 'decided_at', 'decision_note'] END;
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('proposed', 'approved'), ('proposed', 'refused'), ('approved', 'erased'))
        OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'erasure % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;


-- The dispatcher looks for what is undelivered several times a second; what was delivered only grows.
CREATE INDEX IF NOT EXISTS outbox_message_undelivered ON outbox_message (id) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_message_undelivered_subject ON outbox_message (subject, id)
    WHERE delivered_at IS NULL;
-- Facts that name a person, for the day on which the person's account is closed.
CREATE INDEX IF NOT EXISTS outbox_message_identity ON outbox_message ((payload ->> 'openid'))
    WHERE payload ->> 'openid' IS NOT NULL;
