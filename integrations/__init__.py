"""Adapters: each implements ports that the rooms declare. Only ``server.bootstrap`` imports them."""
