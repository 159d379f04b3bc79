"""The roster of hosts as the centre keeps it."""
