"""Income of a period: wages by attendance, dividends by agreed shares, rents, and returns on a month's sales."""
