-- What was said on the phone stays; a sheet and a dispute go on by their tables and are never unsaid.
SELECT keep_rows('statement_call', 'statement_sheet', 'earlier_filing', 'income_dispute', 'disputed_row');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON statement_call FOR EACH ROW EXECUTE FUNCTION only_erase();
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON earlier_filing FOR EACH ROW EXECUTE FUNCTION only_erase();

-- A decided sheet, and the statement of a filed one, stay as they are, unless the sheet is filed anew and what it was is
-- on record under the next place.
CREATE OR REPLACE FUNCTION statement_sheet_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.decided_at IS NULL AND NEW.filings = OLD.filings
        AND (OLD.statement_id IS NULL OR NEW.statement_id = OLD.statement_id)
        OR is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    IF NEW.state <> 'filed' OR NEW.filings <> OLD.filings + 1 OR NOT EXISTS (SELECT FROM earlier_filing f
        WHERE f.sheet_id = OLD.id AND f.place = NEW.filings AND (f.state, f.statement_id, f.filed_by, f.decided_by,
            f.decided_at, f.signed_on, f.note) IS NOT DISTINCT FROM (OLD.state, OLD.statement_id, OLD.filed_by,
            OLD.decided_by, OLD.decided_at, OLD.signed_on, OLD.note)) THEN
        RAISE EXCEPTION 'sheet % stands as it was filed or decided', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- A closed dispute and a released row stay as they are.
CREATE OR REPLACE FUNCTION household_word_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL AND NOT is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RAISE EXCEPTION 'a row of % that is over does not change', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER statement_sheet_stands BEFORE UPDATE ON statement_sheet
    FOR EACH ROW EXECUTE FUNCTION statement_sheet_stands();
CREATE OR REPLACE TRIGGER income_dispute_stands BEFORE UPDATE ON income_dispute
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('closed_at');
CREATE OR REPLACE TRIGGER disputed_row_stands BEFORE UPDATE ON disputed_row
    FOR EACH ROW EXECUTE FUNCTION household_word_stands('released_at');
