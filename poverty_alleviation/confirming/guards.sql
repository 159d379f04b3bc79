-- What was said on the phone stays; a sheet and a dispute go on by their tables and are never unsaid.
SELECT keep_rows('statement_call', 'statement_sheet', 'income_dispute', 'disputed_row');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON statement_call FOR EACH ROW EXECUTE FUNCTION only_erase();

-- A decided sheet, a closed dispute and a released row stay as they are.
CREATE OR REPLACE FUNCTION household_word_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL AND NOT is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RAISE EXCEPTION 'a row of % that is over does not change', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER statement_sheet_stands BEFORE UPDATE ON statement_sheet
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('decided_at');
CREATE OR REPLACE TRIGGER income_dispute_stands BEFORE UPDATE ON income_dispute
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('closed_at');
CREATE OR REPLACE TRIGGER disputed_row_stands BEFORE UPDATE ON disputed_row
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('released_at');
