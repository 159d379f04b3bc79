-- The access log is evidence: rows are added and never changed (reliability reference 5).
SELECT make_append_only('access_log');
