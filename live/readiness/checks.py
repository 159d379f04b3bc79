"""The check of a shelf before the air: may each product be shown at the planned time, and is it signed as it stands."""

from datetime import datetime

import msgspec

from kit.clock import china_day
from kit.database import rows
from live.models import LiveSession
from live.plans.queries import merchants_of
from products.gates import missing_for_skus
from products.price_evidence import price_evidence
from products.queries import sku_offers
from traceability.certified import without_certificate


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands against showing a product; one of ``any_of`` would mend it.

    ``not_listed`` now, ``foreign_merchant`` without a slot, ``lot_certificate``: no lot has its certificate of
    conformity, ``price_evidence``: a reduced price is measured by one that was raised within the week. The others are
    those of :class:`products.gates.Missing`, on the planned day: papers, certificates, ``merchant``, ``category``,
    ``knife_review``.
    """

    kind: str
    any_of: list[str] = []


class ProductCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the shelf as the check finds it. The list price is in fen; None for a SKU that nobody knows.

    ``is_signed``: an officer has signed this place on the shelf with this title and list price.
    """

    sku: str
    title: str
    merchant: str
    list_price_fen: int | None
    price_standing_since: datetime | None
    findings: list[Finding]
    is_signed: bool
    signed_by: str | None
    signed_at: datetime | None


_ITEMS = """
SELECT i.id AS item, i.code, o.title, o.list_price_fen, o.signed_by, o.signed_at FROM live_shelf_item i
  LEFT JOIN LATERAL (SELECT * FROM shelf_sign_off o WHERE o.session_id = i.session_id AND o.item = i.id
    ORDER BY o.id DESC LIMIT 1) o ON true
 WHERE i.session_id = $1 AND ($2::text[] IS NULL OR i.code = ANY($2::text[])) ORDER BY i.position
"""


async def product_checks(session: LiveSession, now: datetime, codes: list[str] | None = None) -> list[ProductCheck]:
    """All products of a session's shelf, or those with these codes, in its order. Five queries at most."""
    items = await rows(_ITEMS, session.id, codes)
    if not items:
        return []
    skus = [each["code"] for each in items]
    moment = max(session.planned_at, now)
    offers = await sku_offers(skus, now)
    missing = await missing_for_skus(skus, china_day(moment))
    prices = await price_evidence(skus, moment)
    uncertified = await without_certificate(sorted({each.product for each in offers.values()}), china_day(moment))
    merchants = await merchants_of(session.id, session.merchant)
    checks = []
    for each in items:
        offer, price = offers.get(each["code"]), prices.get(each["code"])
        findings = [Finding(kind=one.kind, any_of=one.any_of) for one in missing.get(each["code"], [])]
        if offer is None or not offer.listed:
            findings.append(Finding(kind="not_listed"))
        if offer is not None and offer.merchant not in merchants:
            findings.append(Finding(kind="foreign_merchant"))
        if offer is not None and offer.product in uncertified:
            findings.append(Finding(kind="lot_certificate"))
        if price is not None and not price.is_proved:
            findings.append(Finding(kind="price_evidence"))
        seen = (offer.title[:120], price.list_price_fen) if offer and price else ("", None)
        checks.append(
            ProductCheck(
                sku=each["code"],
                title=seen[0],
                merchant=offer.merchant if offer else "",
                list_price_fen=seen[1],
                price_standing_since=price.standing_since if price else None,
                findings=findings,
                is_signed=each["signed_by"] is not None and seen == (each["title"], each["list_price_fen"]),
                signed_by=each["signed_by"],
                signed_at=each["signed_at"],
            )
        )
    return checks


async def is_signed(session_id: int, code: str) -> bool:
    """Whether a product is signed off as it stands on the shelf now. Two queries."""
    items = await rows(_ITEMS, session_id, [code])
    offer = (await sku_offers([code])).get(code)
    return bool(
        items
        and offer
        and items[0]["signed_by"]
        and (offer.title[:120], offer.list_price_fen) == (items[0]["title"], items[0]["list_price_fen"])
    )
