"""People: consumers and staff, how they prove who they are, what role they act in, and who looked at what."""
