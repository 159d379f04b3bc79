"""Who belongs to a household, their bank accounts, its record of each year, and the words that offices use."""
