"""Signatures of the books' anchors."""
