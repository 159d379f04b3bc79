"""Coupons of a live room, as viewers claim them."""
