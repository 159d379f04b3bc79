"""Demonstration enterprises and households of the county plan: named by two persons, for days, by criteria on paper."""
