-- Why a session was cut stays as it was written.
SELECT make_append_only('live_session_ban');
