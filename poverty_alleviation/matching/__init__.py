"""Which household a supplier may stand for: proposed to the poverty office alone."""
