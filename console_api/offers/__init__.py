"""Flash offers of merchants."""
