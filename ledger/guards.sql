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

-- A month is closed by two people, once, and takes nothing more (domain reference 2.5, period close).
SELECT make_append_only('ledger_period_step', 'ledger_period_item', 'ledger_certificate', 'ledger_signature');
SELECT keep_rows('ledger_period');

-- Where a journal belongs: the month in which it happened while that is open, else the open one, naming the month that
-- it corrects. Whoever posts shares a lock with the others, and whoever freezes a month takes it alone: so no posting
-- is under way when a month is frozen, and none begins in it afterwards.
CREATE OR REPLACE FUNCTION ledger_place(occurred timestamptz, booked timestamptz, OUT period text, OUT corrects text)
LANGUAGE plpgsql AS $$
DECLARE
    frozen text;
    this_month text := to_char(booked AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM');
    happened text := to_char(least(occurred, booked) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger.periods', 0));
    SELECT max(p.period) INTO frozen FROM ledger_period p WHERE p.state <> 'open';
    IF frozen IS NULL OR happened > frozen THEN
        period := happened;
    ELSE
        period := greatest(this_month, to_char(to_date(frozen, 'YYYY-MM') + interval '1 month', 'YYYY-MM'));
        corrects := happened;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION refuse_frozen_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger.periods', 0));
    IF EXISTS (SELECT 1 FROM ledger_period p WHERE p.state <> 'open' AND p.period >= NEW.period) THEN
        RAISE EXCEPTION 'period % is closed', NEW.period USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_in_open_period
    BEFORE INSERT ON ledger_journal FOR EACH ROW EXECUTE FUNCTION refuse_frozen_period();

-- A month begins open, goes step by step, and is closed by two accounts for two signatories and with its last hash.
CREATE OR REPLACE FUNCTION guard_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR NEW.round <> 0 THEN
            RAISE EXCEPTION 'a period begins open' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.period <> OLD.period
        OR (OLD.state, NEW.state) NOT IN (('open', 'closing'), ('closing', 'open'), ('closing', 'closed')) THEN
        RAISE EXCEPTION 'period % goes no such step', OLD.period USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state = 'closed' AND NOT EXISTS (
        SELECT 1 FROM ledger_certificate c JOIN ledger_signature s ON s.certificate_id = c.id
        WHERE c.period_id = NEW.id AND c.round = NEW.round AND c.root = NEW.root GROUP BY c.id
        HAVING count(DISTINCT s.signatory) = 2 AND count(DISTINCT s.signed_by) = 2) THEN
        RAISE EXCEPTION 'period % is not signed by two', OLD.period USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_period_guard
    BEFORE INSERT OR UPDATE ON ledger_period FOR EACH ROW EXECUTE FUNCTION guard_period();

-- An anchor is evidence against us too: it stays, and is only noted as stored, once.
SELECT keep_rows('ledger_anchor');

CREATE OR REPLACE FUNCTION only_store_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stored_at IS NOT NULL OR to_jsonb(NEW) - 'stored_at' <> to_jsonb(OLD) - 'stored_at' THEN
        RAISE EXCEPTION 'ledger_anchor is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_anchor_only_stored
    BEFORE UPDATE ON ledger_anchor FOR EACH ROW EXECUTE FUNCTION only_store_anchor();

CREATE INDEX IF NOT EXISTS ledger_anchor_unstored ON ledger_anchor (id) WHERE stored_at IS NULL;
