"""Addresses and freight, as a consumer sees them."""
