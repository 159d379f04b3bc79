"""Help of households: who gives it, what was seen, asked for and done; and the demonstrations."""
