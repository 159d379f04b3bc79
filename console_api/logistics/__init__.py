"""Freight and parcels, as a merchant's clerk sees them."""
