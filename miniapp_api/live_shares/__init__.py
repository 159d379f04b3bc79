"""Share codes of live rooms, as viewers make and open them."""
