"""Helpers, visits, measures and needs of households on the console."""
