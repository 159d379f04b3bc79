"""How long what names a household is kept, and how it is destroyed afterwards (domain reference 5, must 6)."""
