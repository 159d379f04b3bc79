"""The poverty office's view: roll-ups with small cells kept back, supporting figures, and alarms as a work list."""
