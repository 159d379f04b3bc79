-- Terms and what was set off are added and never changed; a claim is decided once and stays as it was proposed.
SELECT make_append_only('reserve_term', 'clawback_offset');
SELECT keep_rows('clawback');
SELECT note_ledger_terms('reserve_term');

CREATE OR REPLACE FUNCTION guard_clawback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' THEN
            RAISE EXCEPTION 'a claim begins as a proposal' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF OLD.state <> 'proposed' OR NEW.state = 'proposed'
        OR to_jsonb(NEW) - '{state,decided_by,decided_at,decision_note}'::text[]
        <> to_jsonb(OLD) - '{state,decided_by,decided_at,decision_note}'::text[] THEN
        RAISE EXCEPTION 'claim % may only be decided, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER clawback_guard
    BEFORE INSERT OR UPDATE ON clawback FOR EACH ROW EXECUTE FUNCTION guard_clawback();

-- Lines that still hold something back.
CREATE INDEX IF NOT EXISTS line_basis_reserved ON line_basis (merchant, reserve_until, line)
    WHERE reserve_until IS NOT NULL AND reserve_released_at IS NULL;
