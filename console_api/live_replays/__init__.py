"""What is left of a session: recording, clips and their files."""
