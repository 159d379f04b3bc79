"""Payouts by transfer on the console of the poverty office."""
