-- What was checked, agreed and taught is added, and stays.
SELECT make_append_only('host_identity_check', 'host_contract', 'host_training', 'guardian_consent');
SELECT keep_rows('live_host', 'host_blacklisting');
-- What of a host may change stands where it is decided: county/hosts/guards.sql.
CREATE OR REPLACE TRIGGER host_blacklisting_only_decided
    BEFORE UPDATE ON host_blacklisting FOR EACH ROW
    EXECUTE FUNCTION only_decide('decided_by', 'decided_at', 'decision_note');
CREATE OR REPLACE TRIGGER host_blacklisting_begins_proposed
    BEFORE INSERT ON host_blacklisting FOR EACH ROW EXECUTE FUNCTION begin_at_state('proposed');
