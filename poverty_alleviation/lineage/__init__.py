"""Households that split, merge or change their head."""
