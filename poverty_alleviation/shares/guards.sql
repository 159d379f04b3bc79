-- A share is decided once; whom it was counted of stays, until a household is erased.
SELECT keep_rows('assisted_share', 'assisted_share_person');
CREATE OR REPLACE TRIGGER assisted_share_only_decided
    BEFORE UPDATE ON assisted_share FOR EACH ROW
    EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER assisted_share_begins_proposed
    BEFORE INSERT ON assisted_share FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
-- The mark of somebody of no assisted household goes with the person.
CREATE OR REPLACE FUNCTION only_forget_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_erasing(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) OR OLD.household_id IS NULL AND NEW.mark IS NULL
        AND to_jsonb(NEW) - 'mark' = to_jsonb(OLD) - 'mark' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'whom a share was counted of stays' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON assisted_share_person
    FOR EACH ROW EXECUTE FUNCTION only_forget_mark();
