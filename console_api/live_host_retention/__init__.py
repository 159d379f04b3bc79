"""How long hosts are kept on record, and their erasure, on the console."""
