"""Exports of the poverty office on the console, and superiors' templates."""
