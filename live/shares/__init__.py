"""Codes that lead into a room, and what each has brought."""
