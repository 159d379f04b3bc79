"""What the county publishes of the project, and what is said against it (domain reference D01, T13)."""
