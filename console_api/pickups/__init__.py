"""Parcels at stations, as their keepers and merchants see them."""
