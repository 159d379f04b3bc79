"""What a phone finds behind a scanned code."""
