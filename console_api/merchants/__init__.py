"""Merchants, as the county and their clerks see them."""
