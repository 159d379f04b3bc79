"""``scripts/rebuild_ledger``: the books once more from their facts, beside the books, and what differs."""
