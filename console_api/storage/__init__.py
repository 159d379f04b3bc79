"""Cold rooms on the console."""
