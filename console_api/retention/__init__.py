"""Retention and erasure of households' data on the console."""
