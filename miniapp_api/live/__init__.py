"""Live rooms as viewers see them."""
