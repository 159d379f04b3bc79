"""Coupons of a consumer."""
