-- A run and its lines go on by their tables; what is over stays, and amounts never change.
SELECT keep_rows('payout_run', 'payout_line', 'payout_part');

CREATE OR REPLACE TRIGGER payout_run_stands BEFORE UPDATE ON payout_run
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('finished_at');
CREATE OR REPLACE TRIGGER payout_line_stands BEFORE UPDATE ON payout_line
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('ended_at');
CREATE OR REPLACE TRIGGER payout_part_stands BEFORE UPDATE ON payout_part
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('released_at');

CREATE OR REPLACE FUNCTION payout_amount_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount_fen <> OLD.amount_fen THEN
        RAISE EXCEPTION 'an amount of % does not change', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER payout_line_amount_stands BEFORE UPDATE ON payout_line
    FOR EACH ROW EXECUTE FUNCTION payout_amount_stands();
