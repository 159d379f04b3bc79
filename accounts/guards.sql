-- The access log is evidence: rows are added and never changed (reliability reference 5).
SELECT make_append_only('access_log', 'access_alarm');

-- Each record is hashed with the one before it in its chain, by the database itself: nobody who may only add can add
-- one that does not follow. All records of one actor stand in one chain; sixteen chains are sixteen locks, held to the
-- end of the transaction of the read. accounts/access_chain.py computes the same text.
CREATE OR REPLACE FUNCTION chain_access_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    NEW.chain := hashtext(NEW.actor) & 15;
    PERFORM pg_advisory_xact_lock(hashtextextended('accounts.access_log', NEW.chain));
    SELECT l.seq, l.hash INTO last FROM access_log l WHERE l.chain = NEW.chain ORDER BY l.seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.prev_hash := coalesce(last.hash, repeat('0', 64));
    NEW.hash := encode(sha256(convert_to(NEW.prev_hash || jsonb_build_array(
        NEW.chain, NEW.seq, NEW.actor, NEW.acting_as, NEW.purpose, NEW.document, NEW.subject, NEW.fields_read,
        to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER access_log_chain
    BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION chain_access_log();
-- What was announced, and what a consumer agreed to and when, is evidence too.
SELECT make_append_only('legal_document', 'consumer_consent');
CREATE INDEX IF NOT EXISTS account_closure_due ON account_closure (due_at) WHERE state IN ('cooling', 'erasing');
