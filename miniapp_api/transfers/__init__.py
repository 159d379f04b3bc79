"""Transfers that wait for their payee."""
