"""Flash offers as consumers see them."""
