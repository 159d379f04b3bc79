-- Nothing is a demonstration, and nobody the helper of one household, twice on any day.
CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'demonstration_no_overlap') THEN
        ALTER TABLE demonstration ADD CONSTRAINT demonstration_no_overlap
            EXCLUDE USING gist (kind WITH =, named WITH =, daterange(valid_from, valid_until) WITH &&)
            WHERE (state = 'approved');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'help_span_no_overlap') THEN
        ALTER TABLE help_span ADD CONSTRAINT help_span_no_overlap
            EXCLUDE USING gist (household_id WITH =, helper_id WITH =, daterange(valid_from, valid_until) WITH &&);
    END IF;
END
$$;

-- It is decided once; an approved one without a last day may get it, once.
CREATE OR REPLACE FUNCTION only_decide_or_end_demonstration() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision_note'];
BEGIN
    IF OLD.state = 'approved' AND NEW.state = 'approved' AND OLD.ended_at IS NULL THEN
        changed := ARRAY['valid_until', 'ended_by', 'ended_at'];
    ELSIF OLD.state <> 'proposed' OR NEW.state = 'proposed' THEN
        changed := ARRAY[]::text[];
    END IF;
    IF to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'demonstration % may only be decided or ended, once', OLD.number
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER demonstration_only_decided
    BEFORE UPDATE ON demonstration FOR EACH ROW EXECUTE FUNCTION only_decide_or_end_demonstration();
CREATE OR REPLACE TRIGGER demonstration_begins_proposed
    BEFORE INSERT ON demonstration FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
SELECT keep_rows('demonstration');

-- Help is added; a span of it and a measure may only get their last day, a measure with what came of it.
CREATE OR REPLACE FUNCTION only_end_measure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    IF OLD.valid_until IS NOT NULL OR NEW.valid_until IS NULL
        OR to_jsonb(NEW) - '{valid_until,result,ended_by,ended_at}'::text[]
            <> to_jsonb(OLD) - '{valid_until,result,ended_by,ended_at}'::text[] THEN
        RAISE EXCEPTION 'measure % may only be ended, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER help_measure_only_ends
    BEFORE UPDATE ON help_measure FOR EACH ROW EXECUTE FUNCTION only_end_measure();
CREATE OR REPLACE TRIGGER help_span_only_ends
    BEFORE UPDATE ON help_span FOR EACH ROW EXECUTE FUNCTION only_end_register_span();

-- A need goes on by its steps; what was said stays.
CREATE OR REPLACE FUNCTION only_move_need() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('raised', 'answered'), ('raised', 'refused'), ('answered', 'met'),
        ('answered', 'refused')) OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'need % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_need_only_moved
    BEFORE UPDATE ON household_need FOR EACH ROW EXECUTE FUNCTION only_move_need();
CREATE OR REPLACE TRIGGER household_need_begins_raised
    BEFORE INSERT ON household_need FOR EACH ROW EXECUTE FUNCTION begin_at_state('raised');

-- A workshop may get an earlier last day, once.
CREATE OR REPLACE FUNCTION only_end_workshop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR to_jsonb(NEW) - '{valid_until,ended_by,ended_at}'::text[]
        <> to_jsonb(OLD) - '{valid_until,ended_by,ended_at}'::text[] THEN
        RAISE EXCEPTION 'workshop % may only be ended, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER workshop_only_ends
    BEFORE UPDATE ON workshop FOR EACH ROW EXECUTE FUNCTION only_end_workshop();
SELECT keep_rows('help_span', 'help_measure', 'household_need', 'helper', 'workshop', 'household_visit', 'need_step');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON household_visit FOR EACH ROW EXECUTE FUNCTION only_erase();
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON need_step FOR EACH ROW EXECUTE FUNCTION only_erase();
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON helper
    FOR EACH ROW EXECUTE FUNCTION only_reseal('name_cipher', 'phone_cipher');
SELECT make_append_only('measure_fit');
