"""EPCIS events on the console."""
