-- Bookings stay, and go from state to state alone; two that stand do not overlap in one room.
SELECT keep_rows('studio', 'studio_booking');

CREATE OR REPLACE FUNCTION only_move_studio_booking() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[] := CASE NEW.state
        WHEN 'confirmed' THEN ARRAY['state', 'confirmed_by', 'confirmed_at']
        ELSE ARRAY['state', 'cancelled_by', 'cancelled_at', 'reason'] END;
BEGIN
    IF (OLD.state, NEW.state) NOT IN
            (('booked', 'confirmed'), ('booked', 'cancelled'), ('confirmed', 'cancelled'))
        OR to_jsonb(NEW) - changed <> to_jsonb(OLD) - changed THEN
        RAISE EXCEPTION 'booking % may only be moved', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER studio_booking_only_moved BEFORE UPDATE ON studio_booking
    FOR EACH ROW EXECUTE FUNCTION only_move_studio_booking();
CREATE OR REPLACE TRIGGER studio_booking_begins_booked BEFORE INSERT ON studio_booking
    FOR EACH ROW EXECUTE FUNCTION begin_at_state('booked');

CREATE EXTENSION IF NOT EXISTS btree_gist;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'studio_booking_no_overlap') THEN
        ALTER TABLE studio_booking ADD CONSTRAINT studio_booking_no_overlap
            EXCLUDE USING gist (studio_id WITH =, tstzrange(begins_at, ends_at) WITH &&)
            WHERE (state <> 'cancelled');
    END IF;
END
$$;
