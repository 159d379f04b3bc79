"""Sending orders: what is picked, put into parcels, handed over, and what is short."""
