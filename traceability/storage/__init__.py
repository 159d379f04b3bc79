"""Cold rooms, the devices in them, what they read, and which lots stood there."""
