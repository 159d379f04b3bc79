"""Orders of other channels, by file."""
