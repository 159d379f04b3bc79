"""Members, accounts and yearly records of households on the console."""
