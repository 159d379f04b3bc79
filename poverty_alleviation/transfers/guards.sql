-- A transfer goes on by its table; its number, line and amount never change, and what is over stays.
SELECT keep_rows('payout_transfer');

CREATE OR REPLACE TRIGGER payout_transfer_stands BEFORE UPDATE ON payout_transfer
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('finished_at');

CREATE OR REPLACE FUNCTION payout_transfer_number_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.number, NEW.line_id, NEW.payer, NEW.amount_fen)
        IS DISTINCT FROM (OLD.number, OLD.line_id, OLD.payer, OLD.amount_fen) THEN
        RAISE EXCEPTION 'a transfer has one number, line, payer and amount' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER payout_transfer_number_stands BEFORE UPDATE ON payout_transfer
    FOR EACH ROW EXECUTE FUNCTION payout_transfer_number_stands();
