"""What of a session is kept for whoever inspects it: files, their checksums, and the day before which nothing goes."""
