"""Reminders of live rooms, as viewers ask for them."""
