-- Norms stay as they were entered; a plot can only be ended, once.
SELECT make_append_only('yield_norm');
SELECT keep_rows('plot');

CREATE OR REPLACE FUNCTION guard_plot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
        OR to_jsonb(NEW) - 'valid_until' - 'ended_by' - 'ended_at'
        <> to_jsonb(OLD) - 'valid_until' - 'ended_by' - 'ended_at' THEN
        RAISE EXCEPTION 'a plot stays as it was entered' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER plot_guard BEFORE UPDATE ON plot FOR EACH ROW EXECUTE FUNCTION guard_plot();

CREATE INDEX IF NOT EXISTS intake_harvest ON intake (harvested_on, plot_id) WHERE plot_id IS NOT NULL;
