"""What a session means to be: cover and notice, run-down, whose goods when, and who helps."""
