"""Checks that ``scripts/check`` runs, each a module that ends with 1 and a sentence when something is wrong."""
