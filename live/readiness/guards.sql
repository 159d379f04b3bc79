-- Who was verified, what was signed and what was found ready is evidence.
SELECT make_append_only('session_reverification', 'shelf_sign_off', 'session_clearance');
