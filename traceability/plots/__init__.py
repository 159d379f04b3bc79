"""Plots of suppliers, what grows there, and how much of it is plausible."""
