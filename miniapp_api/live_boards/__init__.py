"""Which products viewers of a room open."""
