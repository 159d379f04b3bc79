"""A buyer asks for an invoice, the merchant's clerk answers with its number or with a reason."""
