"""Certificates of conformity on the console."""
