"""Coupons of a live room, as its host shows them."""
