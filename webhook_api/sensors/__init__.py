"""Readings of cold rooms."""
