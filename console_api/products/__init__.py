"""Products on their way to the shelf, their stock and their marks."""
