"""Products and stock as tables, in and out."""
