"""Workshops on the console."""
