"""Log-in of staff, staff accounts, and the access log."""
