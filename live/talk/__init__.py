"""What is said and what happens in a room, in one order for everybody."""
