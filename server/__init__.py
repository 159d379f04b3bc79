"""Composition and processes: the only package that knows everyone."""

import gc

# Before anything else is imported: what a process is made of comes to 450,000 objects, none of which is garbage, and
# looking through them 1,300 times on the way was a fifth of its start.
gc.set_threshold(20_000, 10, 10)
