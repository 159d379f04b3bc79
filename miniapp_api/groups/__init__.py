"""Group offers as consumers see them."""
