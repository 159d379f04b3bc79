"""What a host announces in the room, shown until something else is."""
