"""The plan of a session as its host writes it."""
