"""Pictures that consumers hand in."""
