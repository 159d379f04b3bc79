-- Why a session was cut, and what the cloud told, stay as they were written.
SELECT make_append_only('live_session_ban', 'live_cloud_notice', 'live_cloud_recording');
