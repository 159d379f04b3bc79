"""What a session offers, and what its host explains now."""
