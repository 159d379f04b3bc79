"""Requests for invoices, answered by the merchant."""
