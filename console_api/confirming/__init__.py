"""Evidence, and a household's word on its statement, for the poverty office."""
