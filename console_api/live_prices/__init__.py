"""Prices of merchants in live rooms."""
