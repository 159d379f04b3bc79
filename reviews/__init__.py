"""What buyers say about what they received, shown once it has been checked, and what merchants answer."""
