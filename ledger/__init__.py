"""Append-only double entry in two books: accounts, journals, postings, seals. Owners are opaque."""
