"""The volumes of domain reference 6.4 on top of the demo county: deterministic, synthetic, through use cases.

``scripts/seed`` runs it against the system that ``scripts/run`` has started. It takes minutes, so no start waits for
it.
"""
