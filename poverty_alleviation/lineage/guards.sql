-- A change is decided once; what was proposed stays as it was.
SELECT keep_rows('household_change');
SELECT make_append_only('contract_succession');

CREATE OR REPLACE FUNCTION only_decide_household_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := ARRAY['state', 'decided_by', 'decided_at', 'decision_note'];
BEGIN
    IF OLD.state <> 'proposed' OR NEW.state = 'proposed' OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'change % may only be decided, once', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_change_only_decided
    BEFORE UPDATE ON household_change FOR EACH ROW EXECUTE FUNCTION only_decide_household_change();
CREATE OR REPLACE TRIGGER household_change_begins_proposed
    BEFORE INSERT ON household_change FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
