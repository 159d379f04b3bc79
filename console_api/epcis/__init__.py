"""Suppliers, intakes and lots on the console."""
