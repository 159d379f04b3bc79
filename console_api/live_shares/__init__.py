"""Share codes of live rooms, as hosts hang them up and read what they bring."""
