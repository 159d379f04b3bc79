"""Shops as everybody sees them, and applying to become a merchant."""
