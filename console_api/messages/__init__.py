"""Templates of subscribe messages."""
