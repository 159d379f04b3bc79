"""Inspections, holds and recalls on the console."""
