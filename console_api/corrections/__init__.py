"""Corrections of the books on the console."""
