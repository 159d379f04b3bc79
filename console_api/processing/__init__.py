"""Recipes and runs on the console."""
