"""Recipes and process runs: lots that are made of other lots, and inherit their shares by mass."""
