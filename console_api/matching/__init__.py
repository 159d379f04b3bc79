"""Matches of suppliers with households on the console."""
