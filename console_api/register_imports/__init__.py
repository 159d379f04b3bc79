"""Lists of superiors brought into the register of households."""
