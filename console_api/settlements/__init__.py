"""Settlement of merchants: figures, entries, statements, reconciliation."""
