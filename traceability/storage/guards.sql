-- Readings are kept as they came; a placement can only be ended, once.
SELECT make_append_only('sensor_reading');
SELECT keep_rows('lot_placement', 'cold_room', 'sensor_device');

CREATE OR REPLACE FUNCTION guard_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL
        OR to_jsonb(NEW) - 'removed_at' - 'removed_by' <> to_jsonb(OLD) - 'removed_at' - 'removed_by' THEN
        RAISE EXCEPTION 'a placement stays as it was' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER placement_guard BEFORE UPDATE ON lot_placement
    FOR EACH ROW EXECUTE FUNCTION guard_placement();

CREATE INDEX IF NOT EXISTS cold_day_untold ON cold_day (day, id) WHERE told_at IS NULL;
CREATE INDEX IF NOT EXISTS lot_placement_open ON lot_placement (room_id) WHERE removed_at IS NULL;
