"""What a session came to: its audience, its sales, and what its host is promised for them."""
