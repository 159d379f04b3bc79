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
SELECT make_append_only('certificate_review', 'listing_decision', 'price_change', 'catalogue_import');
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

-- The entries as the product, its SKUs and their open flash offers are now: one for each span of time between the begins
-- and ends of offers, so that a list is right at every moment and nothing has to happen when one comes. One writer at a time, who waits for nobody else while holding the lock:
-- it runs at the commit, after every SKU that the transaction wanted is locked, so no two can wait in a circle, and the
-- statement after the lock sees what the one before it has committed.
-- A session keeps the plan that it made while the tables were small, so it has to be one that walks the indexes.
CREATE OR REPLACE FUNCTION refresh_catalogue_entry(changed bigint) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('products.catalogue_entry', 0));
    WITH moments AS (
        SELECT '-infinity'::timestamptz AS at
        UNION
        SELECT m.at FROM sku s JOIN flash_offer f ON f.sku_id = s.id AND f.kind = 'flash' AND f.state = 'open'
         CROSS JOIN LATERAL (VALUES (f.starts_at), (f.ends_at)) m (at) WHERE s.product_id = changed AND s.active),
    spans AS (
        SELECT at AS holds_from, lead(at, 1, 'infinity') OVER (ORDER BY at) AS holds_until FROM moments),
    gone AS (
        DELETE FROM catalogue_entry e WHERE e.product_id = changed
           AND NOT EXISTS (SELECT 1 FROM spans t WHERE t.holds_from = e.holds_from))
    INSERT INTO catalogue_entry AS e
           (product_id, holds_from, holds_until, listed, listed_at, township, category_id, price_from_fen, in_stock,
            on_offer, sold)
    SELECT p.id, t.holds_from, t.holds_until, p.state = 'listed' AND k.price_from IS NOT NULL, p.listed_at,
           p.township_id, p.category_id, k.price_from, COALESCE(k.in_stock, false), COALESCE(k.on_offer, false),
           COALESCE((SELECT max(sold) FROM catalogue_entry WHERE product_id = changed), 0)
      FROM product p CROSS JOIN spans t CROSS JOIN LATERAL (
           SELECT min(COALESCE(f.price_fen, s.price_fen)) AS price_from, bool_or(f.id IS NOT NULL) AS on_offer,
                  bool_or(CASE WHEN f.id IS NULL THEN s.available > 0 ELSE EXISTS (
                      SELECT 1 FROM flash_bucket b WHERE b.offer_id = f.id AND b.available > 0) END) AS in_stock
             FROM sku s LEFT JOIN flash_offer f ON f.sku_id = s.id AND f.kind = 'flash' AND f.state = 'open'
                  AND f.starts_at <= t.holds_from AND t.holds_from < f.ends_at
            WHERE s.product_id = p.id AND s.active) k
     WHERE p.id = changed
        ON CONFLICT (product_id, holds_from) DO UPDATE SET
           holds_until = excluded.holds_until, listed = excluded.listed, listed_at = excluded.listed_at,
           township = excluded.township, category_id = excluded.category_id, price_from_fen = excluded.price_from_fen,
           in_stock = excluded.in_stock, on_offer = excluded.on_offer;
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

CREATE OR REPLACE FUNCTION note_changed_offer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_catalogue_entry(s.product_id) FROM sku s WHERE s.id = NEW.sku_id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION note_changed_bucket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_catalogue_entry(s.product_id)
       FROM flash_offer f JOIN sku s ON s.id = f.sku_id WHERE f.id = NEW.offer_id AND f.kind = 'flash' AND f.state = 'open';
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
        CREATE CONSTRAINT TRIGGER offer_made_entry AFTER INSERT ON flash_offer
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'flash')
            EXECUTE FUNCTION note_changed_offer();
        CREATE CONSTRAINT TRIGGER offer_changed_entry AFTER UPDATE ON flash_offer
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN ((OLD.state, OLD.starts_at, OLD.ends_at, OLD.price_fen)
                  IS DISTINCT FROM (NEW.state, NEW.starts_at, NEW.ends_at, NEW.price_fen))
            EXECUTE FUNCTION note_changed_offer();
        CREATE CONSTRAINT TRIGGER bucket_changed_entry AFTER UPDATE ON flash_bucket
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN ((OLD.available > 0) IS DISTINCT FROM (NEW.available > 0))
            EXECUTE FUNCTION note_changed_bucket();
    END IF;
END
$$;
-- Who holds which day is the evidence behind a calendar's counts.
SELECT keep_rows('calendar_day', 'day_booking');
