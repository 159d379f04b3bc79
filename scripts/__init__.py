"""Programs that start, check and show the product. Outside the layers: they may import what they start."""
