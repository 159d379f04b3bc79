"""A buyer asks for an invoice."""
