"""Whether goods may leave: inspections of lots, lots that are held back, and recalls."""
