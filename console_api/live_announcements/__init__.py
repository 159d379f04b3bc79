"""Announcements of hosts in their rooms."""
