"""Viewers tell the county what is wrong in a room, and hear what came of it."""
