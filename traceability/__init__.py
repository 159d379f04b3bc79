"""Suppliers, intakes and lots: where the goods of an order line came from. A supplier has no status here."""
