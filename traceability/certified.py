"""Whether a lot has its certificate of conformity, as a condition for the statements that take from lots."""

CERTIFIED = "EXISTS (SELECT 1 FROM conformity_certificate f WHERE f.lot_id = {lot} AND f.withdrawn_at IS NULL)"
"""A valid certificate of conformity stands for the lot."""
