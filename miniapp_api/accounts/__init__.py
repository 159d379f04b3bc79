"""A consumer's own account."""
