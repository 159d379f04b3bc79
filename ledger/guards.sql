-- The books are append-only (domain reference 2.5). What was written stays; corrections are new journals.
SELECT make_append_only('ledger_account', 'ledger_posting');
SELECT keep_rows('ledger_journal');

-- The one change a journal may see: its number and hashes, from nothing to something, once, together.
CREATE OR REPLACE FUNCTION only_seal_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rest ledger_journal := NEW;
BEGIN
    rest.seq := OLD.seq;
    rest.prev_hash := OLD.prev_hash;
    rest.hash := OLD.hash;
    IF OLD.hash IS NOT NULL OR NEW.hash IS NULL OR rest IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'ledger_journal is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_only_seal
    BEFORE UPDATE ON ledger_journal FOR EACH ROW EXECUTE FUNCTION only_seal_journal();

-- What the books follow from, in the order in which it took effect (decision 0051). Whoever posts shares one lock from
-- here until the end, and whoever changes what postings depend on takes it alone before writing here: so whatever stands
-- before an input was seen by its posting, and nothing that stands behind it was.
SELECT make_append_only('ledger_input');

CREATE OR REPLACE FUNCTION ledger_note(kinds text[], sources text[], bodies text[], at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger.periods', 0));
    INSERT INTO ledger_input (kind, source_id, body, booked_at)
    SELECT n.kind, n.source, n.body::jsonb, at
      FROM unnest(kinds, sources, bodies) WITH ORDINALITY AS n (kind, source, body, place) ORDER BY n.place;
END
$$;

-- For tables that rooms above read when they post: each change of a row, when its transaction ends. With names, only
-- these columns are told, and the others are read from the row, which its own guard keeps.
CREATE OR REPLACE FUNCTION note_ledger_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger.periods', 0));
    INSERT INTO ledger_input (kind, source_id, body, booked_at)
    SELECT TG_TABLE_NAME, NEW.id, jsonb_object_agg(told.key, told.value), clock_timestamp()
      FROM jsonb_each(to_jsonb(NEW)) AS told WHERE TG_NARGS = 0 OR told.key = ANY (TG_ARGV);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION note_ledger_terms(name text, VARIADIC columns text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS ledger_term ON %I', name);
    EXECUTE format('CREATE CONSTRAINT TRIGGER ledger_term AFTER INSERT OR UPDATE ON %I DEFERRABLE INITIALLY DEFERRED'
        ' FOR EACH ROW EXECUTE FUNCTION note_ledger_term(%s)', name,
        (SELECT string_agg(quote_literal(c), ', ') FROM unnest(columns) AS c));
END
$$;

-- A journal and its postings are written by one statement. When it ends, each new journal is unsealed (a hash that no
-- sealer computed would be a hole in the chain), stands in a month that is not frozen, has exactly the postings that it
-- announced, and they sum to zero in each book.
CREATE OR REPLACE FUNCTION check_new_journals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    IF EXISTS (SELECT 1 FROM new_journals n WHERE n.hash IS NOT NULL) THEN
        RAISE EXCEPTION 'a journal is sealed after it was written' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger.periods', 0));
    SELECT n.period INTO wrong FROM new_journals n
     WHERE n.period <= (SELECT max(p.period) FROM ledger_period p WHERE p.state <> 'open') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'period % is closed', wrong.period USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT n.id, n.posting_count AS announced, sums.* INTO wrong FROM new_journals n CROSS JOIN LATERAL (
        SELECT count(*) AS found, coalesce(sum(p.amount_fen) FILTER (WHERE a.book = 'cash'), 0) AS cash,
               coalesce(sum(p.amount_fen) FILTER (WHERE a.book = 'statistics'), 0) AS statistics
          FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id WHERE p.journal_id = n.id) AS sums
     WHERE sums.found <> n.posting_count OR sums.cash <> 0 OR sums.statistics <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % has % of % postings and is off by % and % fen',
            wrong.id, wrong.found, wrong.announced, wrong.cash, wrong.statistics USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_whole
    AFTER INSERT ON ledger_journal REFERENCING NEW TABLE AS new_journals
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_journals();

-- That covers the postings written with a journal, those on no account among them, since it counts what stands on one;
-- this one covers any that somebody adds later or to no journal. No foreign key does: it would look up, and lock, the
-- same few accounts for every single posting.
CREATE OR REPLACE FUNCTION refuse_late_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (
            SELECT n.journal_id, (SELECT count(*) FROM ledger_posting p WHERE p.journal_id = n.journal_id) AS found
            FROM new_postings n GROUP BY n.journal_id) AS counted
        LEFT JOIN ledger_journal j ON j.id = counted.journal_id
        WHERE j.id IS NULL OR counted.found > j.posting_count OR j.hash IS NOT NULL) THEN
        RAISE EXCEPTION 'a journal takes no more postings than it announced' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER ledger_posting_not_late
    AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_posting();

-- What stands on each account, by month and (period '') of all months: kept with the seal by this trigger alone, so that
-- it is always the sum over the sealed postings (decision 0050). One sealer works at a time, so nobody waits here.
CREATE OR REPLACE FUNCTION keep_totals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO ledger_total AS t (account_id, period, debit_fen, credit_fen, postings)
    SELECT p.account_id, month.period, coalesce(sum(p.amount_fen) FILTER (WHERE p.amount_fen > 0), 0),
           coalesce(-sum(p.amount_fen) FILTER (WHERE p.amount_fen < 0), 0), count(*)
      FROM sealed s CROSS JOIN LATERAL (
          SELECT account_id, amount_fen FROM ledger_posting WHERE journal_id = s.id OFFSET 0) AS p
      CROSS JOIN LATERAL (VALUES (s.period), ('')) AS month (period)
     GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (account_id, period) DO UPDATE SET debit_fen = t.debit_fen + EXCLUDED.debit_fen,
        credit_fen = t.credit_fen + EXCLUDED.credit_fen, postings = t.postings + EXCLUDED.postings;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER ledger_journal_totals
    AFTER UPDATE ON ledger_journal REFERENCING NEW TABLE AS sealed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_totals();

SELECT keep_rows('ledger_total');

-- Each seal changes thousands of these rows: with room on its page a row's next version lies beside it, needs no new entry
-- in the indexes, and the page is tidied by whoever reads it next, so that a month does not lie strewn over dead rows.
ALTER TABLE ledger_total SET (fillfactor = 50);

CREATE INDEX IF NOT EXISTS ledger_journal_unsealed ON ledger_journal (id) WHERE hash IS NULL;

-- A month is closed by two people, once, and takes nothing more (domain reference 2.5, period close).
SELECT make_append_only('ledger_period_step', 'ledger_period_item', 'ledger_certificate', 'ledger_signature');
SELECT keep_rows('ledger_period');

-- Where a journal belongs: the month in which it happened while that is open, else the open one, naming the month that
-- it corrects. Whoever posts shares a lock with the others, and whoever freezes a month takes it alone: so no posting
-- is under way when a month is frozen, and none begins in it afterwards. A statement asks once which month is the last
-- that takes nothing more, and then places each of its journals without another function or read.
CREATE OR REPLACE FUNCTION ledger_frozen() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger.periods', 0));
    RETURN (SELECT max(p.period) FROM ledger_period p WHERE p.state <> 'open');
END
$$;

CREATE OR REPLACE FUNCTION ledger_place(occurred timestamptz, booked timestamptz, frozen text)
RETURNS TABLE (period text, corrects text) LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN frozen IS NULL OR happened.month > frozen THEN happened.month
                ELSE greatest(to_char(booked AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM'),
                              to_char(to_date(frozen, 'YYYY-MM') + interval '1 month', 'YYYY-MM')) END,
           CASE WHEN happened.month <= frozen THEN happened.month END
      FROM (SELECT to_char(least(occurred, booked) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')) AS happened (month)
$$;

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

-- That a month is frozen, or open again, decides where journals belong; whoever moves it holds the lock alone.
CREATE OR REPLACE FUNCTION note_ledger_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_input (kind, source_id, body, booked_at)
    VALUES (TG_TABLE_NAME, NEW.period, jsonb_build_object('state', NEW.state), clock_timestamp());
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER ledger_period_noted AFTER UPDATE ON ledger_period FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state <> 'closed') EXECUTE FUNCTION note_ledger_period();

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
