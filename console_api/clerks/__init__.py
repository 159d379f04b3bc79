"""Clerks of a merchant, kept by its lead clerk."""
