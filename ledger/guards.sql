-- The books are append-only (domain reference 2.5). What was written stays; corrections are new journals.
SELECT make_append_only('ledger_account', 'ledger_posting');
SELECT keep_rows('ledger_journal');

-- The one change a journal may see: its number and hashes, from nothing to something, once, together.
CREATE OR REPLACE FUNCTION only_seal_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.hash IS NOT NULL OR NEW.hash IS NULL
        OR to_jsonb(NEW) - 'seq' - 'prev_hash' - 'hash' <> to_jsonb(OLD) - 'seq' - 'prev_hash' - 'hash' THEN
        RAISE EXCEPTION 'ledger_journal is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_only_seal
    BEFORE UPDATE ON ledger_journal FOR EACH ROW EXECUTE FUNCTION only_seal_journal();

-- A journal comes unsealed: a hash that no sealer computed would be a hole in the chain.
CREATE OR REPLACE FUNCTION refuse_sealed_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.hash IS NOT NULL THEN
        RAISE EXCEPTION 'a journal is sealed after it was written' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_starts_unsealed
    BEFORE INSERT ON ledger_journal FOR EACH ROW EXECUTE FUNCTION refuse_sealed_insert();

-- At commit each journal has exactly the postings it announced, and they sum to zero in each book.
CREATE OR REPLACE FUNCTION check_journal_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint;
    announced int;
    found int;
    unbalanced int;
BEGIN
    IF TG_TABLE_NAME = 'ledger_journal' THEN checked := NEW.id; ELSE checked := NEW.journal_id; END IF;
    SELECT posting_count INTO announced FROM ledger_journal WHERE id = checked;
    SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE total <> 0) INTO found, unbalanced FROM (
        SELECT count(*) AS n, sum(p.amount_fen) AS total FROM ledger_posting p
        JOIN ledger_account a ON a.id = p.account_id WHERE p.journal_id = checked GROUP BY a.book) AS books;
    IF found <> announced OR unbalanced > 0 THEN
        RAISE EXCEPTION 'journal % has % of % postings and % unbalanced books', checked, found, announced, unbalanced
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS ledger_journal_balance ON ledger_journal;
CREATE CONSTRAINT TRIGGER ledger_journal_balance
    AFTER INSERT ON ledger_journal DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_journal_balance();

-- The journal's own check covers the postings written with it; this one covers any that somebody adds later.
CREATE OR REPLACE FUNCTION refuse_late_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (
            SELECT n.journal_id, (SELECT count(*) FROM ledger_posting p WHERE p.journal_id = n.journal_id) AS found
            FROM new_postings n GROUP BY n.journal_id) AS counted
        JOIN ledger_journal j ON j.id = counted.journal_id
        WHERE counted.found > j.posting_count OR j.hash IS NOT NULL) THEN
        RAISE EXCEPTION 'a journal takes no more postings than it announced' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER ledger_posting_not_late
    AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_posting();

CREATE INDEX IF NOT EXISTS ledger_journal_unsealed ON ledger_journal (id) WHERE hash IS NULL;
