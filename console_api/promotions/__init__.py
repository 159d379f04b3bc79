"""Coupon campaigns of merchants and of the county."""
