"""How fast the hot routes are, as ratios to yardsticks of the same process (``docs/benchmarks.md``)."""
