"""Buying together: a group is formed when enough have paid, and dissolved with all their money back when not."""
