"""Plots, crops and norms of yield on the console."""
