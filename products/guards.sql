-- The history of stock is evidence: rows are added and never changed.
SELECT make_append_only('stock_movement');
SELECT make_append_only('certificate_review', 'listing_decision', 'price_change');
SELECT keep_rows('product_certificate', 'category');

CREATE OR REPLACE FUNCTION only_state_of_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'a certificate changes its state alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER product_certificate_only_state
    BEFORE UPDATE ON product_certificate FOR EACH ROW EXECUTE FUNCTION only_state_of_certificate();
