-- Evidence stays as it was written: intakes, and what lines took. A lot changes until it is sealed, then only in
-- what has been taken from it (domain reference 2.5, objects 2, 3 and 6).
SELECT make_append_only('intake', 'line_lot', 'lot_contribution');
SELECT make_append_only('recipe', 'process_run', 'process_input', 'inherited_share');
SELECT keep_rows('lot', 'supplier');

CREATE OR REPLACE FUNCTION refuse_sealed_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed timestamptz;
BEGIN
    SELECT sealed_at INTO sealed FROM lot WHERE id = NEW.lot_id FOR UPDATE;
    IF sealed IS NOT NULL THEN
        RAISE EXCEPTION 'the lot is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER lot_contribution_before_seal
    BEFORE INSERT ON lot_contribution FOR EACH ROW EXECUTE FUNCTION refuse_sealed_contribution();

CREATE OR REPLACE TRIGGER inherited_share_before_seal
    BEFORE INSERT ON inherited_share FOR EACH ROW EXECUTE FUNCTION refuse_sealed_contribution();

CREATE OR REPLACE FUNCTION guard_lot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    IF OLD.sealed_at IS NOT NULL AND to_jsonb(NEW) - 'bound_gram' - 'held_at'
        <> to_jsonb(OLD) - 'bound_gram' - 'held_at' THEN
        RAISE EXCEPTION 'the lot is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND NEW.kind = 'processed' THEN
        -- It has shares, and no more came out than the recipe makes of what went in.
        SELECT sum(p.mass_gram) * r.max_yield_bp / 10000 INTO given FROM process_run u
          JOIN recipe r ON r.id = u.recipe_id JOIN process_input p ON p.run_id = u.id
         WHERE u.lot_id = NEW.id GROUP BY r.max_yield_bp;
        IF given IS NULL OR NEW.input_gram > given
            OR NOT EXISTS (SELECT 1 FROM inherited_share s WHERE s.lot_id = NEW.id) THEN
            RAISE EXCEPTION 'the run makes at most % g', given USING ERRCODE = 'check_violation';
        END IF;
    ELSIF OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL THEN
        SELECT coalesce(sum(mass_gram), 0) INTO given FROM lot_contribution WHERE lot_id = NEW.id;
        IF given <> NEW.input_gram THEN
            RAISE EXCEPTION 'the contributions are % of % g', given, NEW.input_gram USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER lot_guard BEFORE UPDATE ON lot FOR EACH ROW EXECUTE FUNCTION guard_lot();

-- What waves propose from: an old merchant has thousands of lots that are used up.
CREATE INDEX IF NOT EXISTS lot_on_hand ON lot (merchant, product, best_before)
    WHERE sealed_at IS NOT NULL AND held_at IS NULL AND bound_gram < input_gram;

-- When a station last weighed goods; most of what comes from the field has no station.
CREATE INDEX IF NOT EXISTS intake_at_site ON intake (site, weighed_at) WHERE site <> '';
