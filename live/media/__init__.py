"""Taking pictures in and handing them out: push keys, who publishes, the relay's format, the one supervisor."""
