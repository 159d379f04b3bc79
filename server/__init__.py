"""Composition and processes: the only package that knows everyone."""
