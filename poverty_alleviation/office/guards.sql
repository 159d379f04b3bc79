-- Numbers with their source are only added; so are the steps of an alarm.
SELECT make_append_only('office_threshold', 'poverty_line', 'cost_rate', 'product_crop', 'market_price',
                        'household_alarm_step', 'alarm_run');

-- One open alarm of a rule about one thing.
CREATE UNIQUE INDEX IF NOT EXISTS household_alarm_open ON household_alarm (rule, key) WHERE state <> 'closed';

-- What an alarm was raised for stays; only where it stands and who looks after it moves.
CREATE OR REPLACE FUNCTION household_alarm_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' - 'assignee' <> to_jsonb(OLD) - 'state' - 'assignee' THEN
        RAISE EXCEPTION 'the facts of an alarm do not change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER household_alarm_moves
    BEFORE UPDATE ON household_alarm FOR EACH ROW EXECUTE FUNCTION household_alarm_moves();
SELECT keep_rows('household_alarm');
