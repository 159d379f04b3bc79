"""How many of some people are assisted: stated by two persons of the poverty office, read as a count and no more."""
