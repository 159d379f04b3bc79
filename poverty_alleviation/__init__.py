"""Households, benefit contracts, and the books that say what sales and income each household had."""
