"""Lists for the bank on the console of the poverty office."""
