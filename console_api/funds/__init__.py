"""The special fund on the console."""
