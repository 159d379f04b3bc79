"""Packing by the wave: lots are proposed for many paid orders, picked together, and confirmed by one scan."""
