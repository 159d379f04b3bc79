"""Disclosure on the console."""
