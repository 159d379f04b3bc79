"""Group offers of merchants."""
