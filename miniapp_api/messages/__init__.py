"""Which subscribe messages a buyer may agree to."""
