"""Orders, as a merchant's clerk sees them."""
