"""What a merchant's clerk may do who is limited to duties: one readable table.

A lead clerk does everything of the own merchant. What the table does not name is closed to a limited clerk, reads
included; a route without an entry fails ``tests/doors/test_duties.py``.
"""

import re

from accounts.actors import MerchantClerk
from accounts.roles import Duty
from api_kit.doors import Endpoint
from kit.actors import Actor
from kit.errors import NotPermitted

EVERY = frozenset(Duty)
"""Open to whatever a clerk is limited to."""
LEAD = frozenset[Duty]()
"""The lead clerk's alone."""

# A path below the door without the names in it, or its first parts, and the duties that may use it, reading included.
# The longest entry holds.
DUTIES: dict[str, frozenset[Duty]] = {
    "me": EVERY,
    "session": EVERY,
    "pictures": EVERY,
    "merchants": EVERY,
    "merchants/clerk-invitations": LEAD,
    "merchants/clerks": LEAD,
    "merchants/contact": LEAD,
    "merchants/history": LEAD,
    "merchants/legal-person": LEAD,
    "merchants/papers": LEAD,
    "exemption-rules": LEAD,
    "orders": frozenset({Duty.ORDERS}),
    "after-sales": frozenset({Duty.ORDERS}),
    "pickups": frozenset({Duty.ORDERS}),
    "vouchers": frozenset({Duty.ORDERS}),
    "after-sales-counts": frozenset({Duty.ORDERS}),
    "return-address": frozenset({Duty.ORDERS}),
    "parcels": frozenset({Duty.ORDERS}),
    "waybill-imports": frozenset({Duty.ORDERS}),
    "pick-list": frozenset({Duty.ORDERS}),
    "carrier-accounts": frozenset({Duty.ORDERS}),
    "shipping-reports": frozenset({Duty.ORDERS}),
    "complaints": frozenset({Duty.ORDERS}),
    "order-lines": frozenset({Duty.ORDERS}),
    "unattributed-lines": frozenset({Duty.ORDERS}),
    "packing-waves": frozenset({Duty.ORDERS}),
    "recipes": frozenset({Duty.ORDERS}),
    "process-runs": frozenset({Duty.ORDERS}),
    "intake-batches": frozenset({Duty.ORDERS}),
    "intakes": frozenset({Duty.ORDERS}),
    "plots": frozenset({Duty.ORDERS}),
    "cold-rooms": frozenset({Duty.ORDERS}),
    "sensor-devices": frozenset({Duty.ORDERS}),
    "sensor-episodes": frozenset({Duty.ORDERS}),
    "crops": frozenset({Duty.ORDERS}),
    "lots": frozenset({Duty.ORDERS}),
    "conformity-certificates": frozenset({Duty.ORDERS}),
    "lot-holds": frozenset({Duty.ORDERS}),
    "inspections": frozenset({Duty.ORDERS}),
    "recalls": frozenset({Duty.ORDERS}),
    "epcis": frozenset({Duty.ORDERS}),
    "labels": frozenset({Duty.ORDERS}),
    "label-batches": frozenset({Duty.ORDERS}),
    "suppliers": frozenset({Duty.ORDERS}),
    "carriers": frozenset({Duty.ORDERS}),
    "complaint-clocks": frozenset({Duty.ORDERS}),
    "reviews": frozenset({Duty.ORDERS}),
    "service-entries": frozenset({Duty.ORDERS}),
    "products": frozenset({Duty.PRODUCTS}),
    "skus": frozenset({Duty.PRODUCTS}),
    "certificates": frozenset({Duty.PRODUCTS}),
    "product-imports": frozenset({Duty.PRODUCTS}),
    "product-exports": frozenset({Duty.PRODUCTS}),
    "freight-templates": frozenset({Duty.PRODUCTS}),
    "coupon-campaigns": frozenset({Duty.PRODUCTS}),
    "coupons": frozenset({Duty.PRODUCTS}),
    "offers": frozenset({Duty.PRODUCTS}),
    "live": frozenset({Duty.PRODUCTS}),
    "group-offers": frozenset({Duty.PRODUCTS}),
    "referral-terms": frozenset({Duty.PRODUCTS}),
    "referral-opt-in": frozenset({Duty.PRODUCTS}),
    "referral-opt-ins": frozenset({Duty.PRODUCTS}),
    "referral-results": frozenset({Duty.MONEY}),
    "brand-authorisations": frozenset({Duty.PRODUCTS}),
    "recognised-products": frozenset({Duty.PRODUCTS}),
    "recognition-cases": frozenset({Duty.PRODUCTS}),
    "recognition-rules": frozenset({Duty.PRODUCTS}),
    "categories": frozenset({Duty.PRODUCTS}),
    "expiring": frozenset({Duty.PRODUCTS}),
    "scan-codes": frozenset({Duty.PRODUCTS}),
    "settlements": frozenset({Duty.MONEY}),
    "splits": frozenset({Duty.MONEY}),
    "merchants/commissions": frozenset({Duty.MONEY}),
    "channel-imports": frozenset({Duty.MONEY}),
    "invoice-requests": frozenset({Duty.MONEY}),
    "channel-import-checks": frozenset({Duty.MONEY}),
    "channel-standing": frozenset({Duty.MONEY}),
    "invoice-windows": frozenset({Duty.MONEY}),
}


class DutyMissing(NotPermitted):
    """The clerk is limited to other duties; the merchant's lead clerk can change that."""

    code = "duty_missing"
    title = "没有该项职责"
    title_en = "Not among the clerk's duties"


def entry_of(path: str) -> str | None:
    """The entry of the table that a route's path falls under."""
    part = re.sub(r"/<[^>]+>", "", path.removeprefix("/v1/console/"))
    while part and part not in DUTIES:
        part = part.rpartition("/")[0]
    return part or None


def check_duty(endpoint: Endpoint, actor: Actor) -> None:
    """Raises :class:`DutyMissing` for a limited clerk outside the own duties; ``duties`` names those that would do."""
    if not isinstance(actor, MerchantClerk) or not actor.limited_to:
        return
    entry = entry_of(endpoint.path)
    duties = LEAD if entry is None else DUTIES[entry]
    if duties.isdisjoint(actor.limited_to):
        raise DutyMissing(duties=sorted(duties))
