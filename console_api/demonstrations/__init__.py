"""Demonstration enterprises and households on the console."""
