"""Benefit contracts and their rules on the console."""
