"""What every room needs and what knows no word of the trade: money, clock, numbers, errors, facts and their outbox."""
