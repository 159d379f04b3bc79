-- The access log is evidence: rows are added and never changed (reliability reference 5).
SELECT make_append_only('access_log');
-- What was announced, and what a consumer agreed to and when, is evidence too.
SELECT make_append_only('legal_document', 'consumer_consent');
CREATE INDEX IF NOT EXISTS account_closure_due ON account_closure (due_at) WHERE state IN ('cooling', 'erasing');
