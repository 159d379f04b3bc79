"""Statements per merchant and period: what was sold, given off, refunded, kept as fee or commission, and landed."""
