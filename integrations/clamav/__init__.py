"""ClamAV's daemon."""
