"""Message push of the mini-program."""
