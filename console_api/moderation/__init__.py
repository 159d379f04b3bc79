"""Keeping order in a live room."""
