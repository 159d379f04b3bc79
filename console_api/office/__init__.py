"""The poverty office's view: roll-ups, where they come from, alarms, and the numbers behind them."""
