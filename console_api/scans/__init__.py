"""Scan codes as merchants and the county make and print them."""
