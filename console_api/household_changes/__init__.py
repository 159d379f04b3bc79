"""Changes of households on the console."""
