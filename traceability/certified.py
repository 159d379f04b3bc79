"""Whether a lot has its certificate of conformity, as a condition for the statements that take from lots."""

from collections.abc import Sequence
from datetime import date

from kit.database import rows
from products.gates import LOT_CERTIFICATE_DUE

CERTIFIED = "EXISTS (SELECT 1 FROM conformity_certificate f WHERE f.lot_id = {lot} AND f.withdrawn_at IS NULL)"
"""A valid certificate of conformity stands for the lot."""


async def without_certificate(products: Sequence[str], day: date) -> frozenset[str]:
    """Those of some products, by code, whose lots need a certificate on a day and of whose lots none has one."""
    due = LOT_CERTIFICATE_DUE.format(product="u.code", day="$1")
    found = await rows(
        f"SELECT u.code FROM unnest($2::text[]) AS u (code) WHERE {due}"
        f" AND NOT EXISTS (SELECT 1 FROM lot l WHERE l.product = u.code AND {CERTIFIED.format(lot='l.id')})",
        day,
        list(products),
    )
    return frozenset(each["code"] for each in found)
