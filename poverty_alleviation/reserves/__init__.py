"""A merchant's after-sales reserve, and what a household owes back to it."""
