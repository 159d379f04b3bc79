"""Clips and covers of replays for viewers."""
