"""Villages on the console."""
