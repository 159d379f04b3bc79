"""Tells buyers what has happened: listens to everybody, and leaves a subscribe message with ``messages``."""
