"""Boards and statements of commission."""
