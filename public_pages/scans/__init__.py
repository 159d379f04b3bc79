"""What a phone's browser shows behind a printed code."""
