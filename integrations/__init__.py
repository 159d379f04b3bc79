"""Adapters: each implements ports that the rooms declare. Only the composition in ``server`` imports them."""
