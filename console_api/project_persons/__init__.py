"""How long people of the project are kept, and their erasure, on the console."""
