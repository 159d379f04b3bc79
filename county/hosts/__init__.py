"""How long hosts of live sessions are kept on record, and their erasure."""
