"""The use of stations on the console."""
