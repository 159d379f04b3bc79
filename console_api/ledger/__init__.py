"""The books: months and their closing."""
