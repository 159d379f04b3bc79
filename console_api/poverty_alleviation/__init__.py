"""The poverty office's work on the console."""
