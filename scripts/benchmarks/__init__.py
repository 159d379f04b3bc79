"""How fast the hot routes are, as ratios to yardsticks that the same process serves (``docs/benchmarks.md``)."""
