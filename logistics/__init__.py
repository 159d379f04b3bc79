"""How goods travel: addresses, freight, parcels, carriers and their tracks. Knows no order, only opaque references."""
