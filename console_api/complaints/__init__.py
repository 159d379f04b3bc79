"""Complaints at the console: a merchant answers its own, the county oversees all."""
