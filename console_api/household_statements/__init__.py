"""Quarterly statements of households, for the poverty office to issue and print."""
