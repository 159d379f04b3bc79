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
SELECT make_append_only('certificate_review', 'listing_decision', 'price_change', 'catalogue_import', 'recognition_paper');
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

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Lists walk one of these in its order; the key that ends each is the page's cursor.
CREATE INDEX IF NOT EXISTS catalogue_entry_newest ON catalogue_entry (listed_at DESC, product_id DESC) WHERE listed;
CREATE INDEX IF NOT EXISTS catalogue_entry_price ON catalogue_entry (price_from_fen, product_id) WHERE listed;
CREATE INDEX IF NOT EXISTS catalogue_entry_sold ON catalogue_entry (sold DESC, product_id DESC) WHERE listed;
CREATE INDEX IF NOT EXISTS catalogue_entry_township
    ON catalogue_entry (township, listed_at DESC, product_id DESC) WHERE listed;
CREATE INDEX IF NOT EXISTS catalogue_entry_category
    ON catalogue_entry (category_id, listed_at DESC, product_id DESC) WHERE listed;
CREATE INDEX IF NOT EXISTS search_entry_words ON search_entry USING gin (words);
CREATE INDEX IF NOT EXISTS search_word_letters ON search_word USING gin (word gin_trgm_ops);

-- The entry as the product and its SKUs are now. One writer at a time, who waits for nobody else while holding the lock:
-- it runs at the commit, after every SKU that the transaction wanted is locked, so no two can wait in a circle, and the
-- statement after the lock sees what the one before it has committed.
CREATE OR REPLACE FUNCTION refresh_catalogue_entry(changed bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('products.catalogue_entry', 0));
    INSERT INTO catalogue_entry AS e
           (product_id, listed, listed_at, township, category_id, price_from_fen, in_stock, sold)
    SELECT p.id, p.state = 'listed' AND k.price_from IS NOT NULL, p.listed_at, p.township_id, p.category_id,
           k.price_from, COALESCE(k.in_stock, false), 0
      FROM product p CROSS JOIN LATERAL (
           SELECT min(price_fen) AS price_from, bool_or(available > 0) AS in_stock
             FROM sku WHERE product_id = p.id AND active) k
     WHERE p.id = changed
        ON CONFLICT (product_id) DO UPDATE SET
           listed = excluded.listed, listed_at = excluded.listed_at, township = excluded.township,
           category_id = excluded.category_id, price_from_fen = excluded.price_from_fen, in_stock = excluded.in_stock;
END
$$;

CREATE OR REPLACE FUNCTION note_changed_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_catalogue_entry(NEW.id);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION note_changed_sku() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_catalogue_entry(NEW.product_id);
    RETURN NULL;
END
$$;

-- A constraint trigger cannot be replaced, so it is made once; its function above is always the newest.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'sku_changed_entry') THEN
        CREATE CONSTRAINT TRIGGER product_made_entry AFTER INSERT ON product
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_changed_product();
        CREATE CONSTRAINT TRIGGER product_changed_entry AFTER UPDATE ON product
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN ((OLD.state, OLD.listed_at, OLD.township_id, OLD.category_id)
                  IS DISTINCT FROM (NEW.state, NEW.listed_at, NEW.township_id, NEW.category_id))
            EXECUTE FUNCTION note_changed_product();
        CREATE CONSTRAINT TRIGGER sku_made_entry AFTER INSERT ON sku
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_changed_sku();
        CREATE CONSTRAINT TRIGGER sku_changed_entry AFTER UPDATE ON sku
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN ((OLD.price_fen, OLD.active, OLD.available > 0)
                  IS DISTINCT FROM (NEW.price_fen, NEW.active, NEW.available > 0))
            EXECUTE FUNCTION note_changed_sku();
    END IF;
END
$$;
-- Who holds which day is the evidence behind a calendar's counts.
SELECT keep_rows('calendar_day', 'day_booking');
