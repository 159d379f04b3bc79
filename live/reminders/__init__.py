"""Who wants to be told when a session begins."""
