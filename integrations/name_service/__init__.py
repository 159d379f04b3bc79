"""Names of servers elsewhere."""
