-- What a coupon takes off, and who bears it, is evidence: rows are added, and all that changes is that a line is paid.
SELECT keep_rows('coupon_share');

CREATE OR REPLACE FUNCTION keep_coupon_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.spent_at IS NOT NULL OR (to_jsonb(NEW) - 'spent_at') IS DISTINCT FROM (to_jsonb(OLD) - 'spent_at') THEN
        RAISE EXCEPTION 'coupon_share is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER keep_share BEFORE UPDATE ON coupon_share
    FOR EACH ROW EXECUTE FUNCTION keep_coupon_share();

-- Who bears the discount of a paid line is asked line by line.
CREATE INDEX IF NOT EXISTS coupon_share_line ON coupon_share (line);
