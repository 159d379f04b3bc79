-- Samples, results and recalls stay as they were written; an inspection that has ended and a hold that was released
-- no longer change, and neither is ever taken away.
SELECT make_append_only('inspection_sample', 'inspection_item', 'recall', 'recalled_lot');
SELECT keep_rows('inspection');
SELECT keep_rows('lot_hold');

CREATE OR REPLACE FUNCTION refuse_ended_quality() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'it has ended' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE OR REPLACE TRIGGER inspection_ended_stays BEFORE UPDATE ON inspection
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_ended_quality();

CREATE OR REPLACE TRIGGER lot_hold_released_stays BEFORE UPDATE ON lot_hold
    FOR EACH ROW WHEN (OLD.released_at IS NOT NULL) EXECUTE FUNCTION refuse_ended_quality();
