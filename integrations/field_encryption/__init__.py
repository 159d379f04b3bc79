"""Encryption of single fields of personal data."""
