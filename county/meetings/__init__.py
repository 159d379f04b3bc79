"""How often the project's bodies meet, what they settled, and the periods that passed without it (G02, E01, E03)."""
