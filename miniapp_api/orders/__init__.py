"""Orders, as a consumer sees them."""
