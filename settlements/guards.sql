-- Entries are evidence: the statement that takes one up is noted once, and nothing else ever changes.
SELECT keep_rows('settlement_entry', 'settlement_line');
SELECT make_append_only('settlement_statement');

CREATE OR REPLACE FUNCTION only_into_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.statement_id IS NOT NULL OR to_jsonb(NEW) - 'statement_id' <> to_jsonb(OLD) - 'statement_id' THEN
        RAISE EXCEPTION 'a settlement entry goes into one statement and changes in nothing else'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER settlement_entry_only_into_statement
    BEFORE UPDATE ON settlement_entry FOR EACH ROW EXECUTE FUNCTION only_into_statement();

-- What no statement has yet is looked for at every issue.
CREATE INDEX IF NOT EXISTS settlement_entry_open ON settlement_entry (merchant, day) WHERE statement_id IS NULL;
