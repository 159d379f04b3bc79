"""Meetings on the console."""
