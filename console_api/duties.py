"""What a merchant's clerk may do who is limited to duties: one readable table.

A lead clerk does everything of the own merchant. Where the table is silent, a limited clerk reads and does not act.
"""

from accounts.actors import MerchantClerk
from accounts.roles import Duty
from api_kit.doors import Endpoint
from kit.actors import Actor
from kit.errors import NotPermitted

# The first part of a path below the door, and the duty that may use it, reading included.
DUTIES: dict[str, Duty] = {
    "orders": Duty.ORDERS,
    "after-sales": Duty.ORDERS,
    "pickups": Duty.ORDERS,
    "vouchers": Duty.ORDERS,
    "after-sales-counts": Duty.ORDERS,
    "return-address": Duty.ORDERS,
    "shipments": Duty.ORDERS,
    "parcels": Duty.ORDERS,
    "waybill-imports": Duty.ORDERS,
    "pick-list": Duty.ORDERS,
    "carrier-accounts": Duty.ORDERS,
    "shipping-reports": Duty.ORDERS,
    "complaints": Duty.ORDERS,
    "intakes": Duty.ORDERS,
    "lots": Duty.ORDERS,
    "suppliers": Duty.ORDERS,
    "products": Duty.PRODUCTS,
    "skus": Duty.PRODUCTS,
    "certificates": Duty.PRODUCTS,
    "product-imports": Duty.PRODUCTS,
    "product-exports": Duty.PRODUCTS,
    "freight-templates": Duty.PRODUCTS,
    "coupon-campaigns": Duty.PRODUCTS,
    "coupons": Duty.PRODUCTS,
    "offers": Duty.PRODUCTS,
    "settlements": Duty.MONEY,
    "channel-imports": Duty.MONEY,
    "invoice-requests": Duty.MONEY,
    "channel-import-checks": Duty.MONEY,
    "channel-standing": Duty.MONEY,
}
OWN = ("me", "session")
"""The clerk's own account."""


class DutyMissing(NotPermitted):
    """The clerk is limited to other duties; the merchant's lead clerk can change that."""

    code = "duty_missing"
    title = "没有该项职责"
    title_en = "Not among the clerk's duties"


def check_duty(endpoint: Endpoint, actor: Actor) -> None:
    """Raises :class:`DutyMissing` for a limited clerk outside the own duties."""
    if not isinstance(actor, MerchantClerk) or not actor.limited_to:
        return
    part = endpoint.path.removeprefix("/v1/console/").split("/")[0]
    if part in OWN:
        return
    duty = DUTIES.get(part)
    if duty is None and endpoint.method != "GET":
        raise DutyMissing()
    if duty is not None and duty not in actor.limited_to:
        raise DutyMissing(duty=duty.value)
