"""Reports of live rooms as their reporters see them."""
