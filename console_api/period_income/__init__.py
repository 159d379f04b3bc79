"""Agreements of households and income of a period on the console."""
