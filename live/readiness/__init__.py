"""Whether a session may go on air, and what of its shelf may be shown."""
