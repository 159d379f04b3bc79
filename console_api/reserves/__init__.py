"""Reserves and claims on the console."""
