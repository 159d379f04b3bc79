"""Shares of assisted people on the console."""
