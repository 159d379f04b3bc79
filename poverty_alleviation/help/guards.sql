-- Nothing is a demonstration twice on any day.
CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'demonstration_no_overlap') THEN
        ALTER TABLE demonstration ADD CONSTRAINT demonstration_no_overlap
            EXCLUDE USING gist (kind WITH =, named WITH =, daterange(valid_from, valid_until) WITH &&)
            WHERE (state = 'approved');
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
