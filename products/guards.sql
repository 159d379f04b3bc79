-- Takes pieces of an open offer; answers NULL, or what is left when that is too little. The nearest bucket that holds
-- enough and that nobody has in hand is tried in a subtransaction: a bucket that was emptied meanwhile stays locked by
-- the try, and whoever waits for the others must hold none. Then as many buckets as it needs, in their order, so that
-- no piece is stranded.
CREATE OR REPLACE FUNCTION take_of_offer(the_offer bigint, wanted bigint, first_bucket int) RETURNS bigint AS $$
DECLARE
    remaining bigint;
BEGIN
    BEGIN
        WITH chosen AS (
            SELECT b.id FROM flash_bucket b JOIN flash_offer f ON f.id = b.offer_id
             WHERE b.offer_id = the_offer AND b.available >= wanted
             ORDER BY (b.position + first_bucket) % f.buckets LIMIT 1 FOR UPDATE OF b SKIP LOCKED)
        UPDATE flash_bucket b SET available = b.available - wanted FROM chosen c WHERE b.id = c.id;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'no bucket' USING ERRCODE = 'LC001';
    EXCEPTION WHEN SQLSTATE 'LC001' THEN
        NULL;
    END;
    SELECT COALESCE(sum(available), 0) INTO remaining FROM flash_bucket WHERE offer_id = the_offer;
    IF remaining < wanted THEN
        RETURN remaining;
    END IF;
    PERFORM 1 FROM flash_bucket WHERE offer_id = the_offer ORDER BY position FOR UPDATE;
    SELECT sum(available) INTO remaining FROM flash_bucket WHERE offer_id = the_offer;
    IF remaining < wanted THEN
        RETURN remaining;
    END IF;
    UPDATE flash_bucket b SET available = b.available - LEAST(w.available, GREATEST(0, wanted - w.before)) FROM (
        SELECT id, available, sum(available) OVER (ORDER BY position) - available AS before
          FROM flash_bucket WHERE offer_id = the_offer) w
     WHERE b.id = w.id AND w.before < wanted;
    RETURN NULL;
END $$ LANGUAGE plpgsql;

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
